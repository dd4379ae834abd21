"""Names as the server stores them: unquoted ones folded, quoted ones opened, all cut to 63 bytes."""

from __future__ import annotations

import re
import sys

_LONGEST = 63
_UNICODE = re.compile(r"\\(?:\\|([0-9A-Fa-f]{4})|\+([0-9A-Fa-f]{6}))")


def qualified(raw: list[bytes], at: int) -> tuple[tuple[str, ...], int]:
    """The name whose first part is token `at`, and the index of the token behind it; () if there is none."""
    parts: list[str] = []
    while at < len(raw) and _is_name(raw[at]):
        parts.append(fold(raw[at]))
        if raw[at + 1 : at + 2] != [b"."]:
            return tuple(parts), at + 1
        at += 2
    return tuple(parts), at


def fold(raw: bytes) -> str:
    """One part of a name. Only ASCII letters are folded: that is what the server does in UTF-8."""
    if raw.startswith(b'"'):
        name = raw[1:-1].replace(b'""', b'"')
    elif raw[:3].upper() == b'U&"':
        text = raw[3:-1].replace(b'""', b'"').decode("utf-8", "replace")
        name = _UNICODE.sub(_character, text).encode("utf-8", "replace")
    else:
        name = raw.lower()
    return name[:_LONGEST].decode("utf-8", "ignore")


def _is_name(raw: bytes) -> bool:
    first = raw[:1]
    return first.isalpha() or first in (b'"', b"_") or first >= b"\x80"


def _character(found: re.Match[str]) -> str:
    code = int(found[1] or found[2] or "5C", 16)  # two backslashes stand for one
    return chr(code) if code <= sys.maxunicode else "?"
