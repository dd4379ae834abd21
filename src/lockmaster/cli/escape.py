"""Text of other people's making, made harmless: a server's message must not steer a terminal or forge a log line."""

from __future__ import annotations

_TABLE: dict[int, str] = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
_TABLE |= {code: f"\\u{code:04x}" for code in (0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))}
_TABLE[ord("\t")] = "    "
_LINES = {code: text for code, text in _TABLE.items() if code != ord("\n")}


def one_line(text: str) -> str:
    """The text in one line, its control characters visible; line ends become blanks."""
    if text.isprintable():  # nearly always
        return text
    return " ".join(text.splitlines()).translate(_TABLE)


def lines(text: str) -> str:
    """The text with its lines kept, and everything else that steers a terminal made visible."""
    return text if text.isprintable() else text.replace("\r\n", "\n").translate(_LINES)
