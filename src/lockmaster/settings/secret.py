"""Passwords cannot be printed: a type whose text is hidden, and a filter for text of other people's making."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from re import Match

HIDDEN = "***"


class Secret:
    """A text that never shows itself: `str`, `repr` and `format` hide it. `reveal()` is the only way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself: for the driver, never for a message."""
        return self._text

    def __str__(self) -> str:
        return HIDDEN if self._text else ""

    def __repr__(self) -> str:
        return f"Secret({str(self)!r})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._text)


_KEY = r"(?:password|passwd|passphrase|pwd|secret|token|api_?key)"
_QUOTED = r"'(?:[^'\\]|\\.|'')*(?:'|\\?\Z)"
_URL = r"(://[^\s:/@]*:)(\S*)@(\S*)"
_NAMED = (
    rf"([?&]\w*{_KEY}=)[^&\s]*"  # in the query of a URL
    rf"|({_KEY}\s*=\s*)(?:{_QUOTED}|(?:\\.|[^\s\\])+\\?)"  # in a keyword string: host=h password='a b'
    rf"|({_KEY}\s+E?){_QUOTED}"  # in SQL: ALTER ROLE r PASSWORD 'p'
    rf"""|(["']{_KEY}["']\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?\Z)"""  # in JSON
)


def mask(text: str, *secrets: str) -> str:
    """`text` without the passwords of any URL or keyword string in it, and without `secrets` themselves.

    Rather too much is hidden than too little: a raw "@" or "/" inside a password is covered.
    """
    longest_first = secrets if len(secrets) < 2 else sorted(secrets, key=len, reverse=True)
    for known in longest_first:  # a long one may hold a short one
        if known:
            text = text.replace(known, HIDDEN)
    if "://" in text:
        text = _sub(_URL, _hide_login, text)
    if _is_suspect(text.lower()):  # most texts are not
        text = _sub(_NAMED, rf"\1\2\3\4{HIDDEN}", text)
    return text


def _is_suspect(low: str) -> bool:
    """Whether one of the words of `_KEY` is in it. Not a loop: every text of every event comes by."""
    sure = "passw" in low or "passphrase" in low or "pwd" in low or "secret" in low or "token" in low
    return sure or "api_key" in low or "apikey" in low


def _hide_login(found: Match[str]) -> str:
    """The URL without its password; only its beginning, where the last "@" may be inside a second password."""
    second = _is_suspect(found[2].lower())
    return found[1] + HIDDEN + ("" if second else f"@{found[3]}")


def mask_url(text: str) -> str:
    """The text of one database URL as it may be shown; what has no familiar shape is hidden as a whole."""
    if "?" in text:
        text = mask(text)
    scheme, colon, rest = text.partition("://")
    if colon and scheme.replace("+", "").isalnum():
        user, at, place = rest.rpartition("@")
        name, password, _ = user.partition(":")
        return f"{scheme}://{name}{':' + HIDDEN if password else ''}{at}{place}"
    if text.startswith(("file:", "sqlite:")):
        return text
    return HIDDEN if text else ""


def passwords(url: str) -> tuple[str, ...]:
    """What has to be hidden wherever it turns up: the password in `url`, as written and decoded.

    Left out where hiding it by value would hide the rest: shorter than four characters, or part of the masked URL
    (user, password and database are all "postgres").
    """
    shown = mask_url(url)
    if HIDDEN not in shown:
        return ()
    rest = url.partition("://")[2]
    logins = (rest.rpartition("@")[0], rest.partition("?")[0].rpartition("@")[0])
    found = [login.partition(":")[2] for login in logins]
    found += [item.partition("=")[2] for item in rest.partition("?")[2].split("&") if "password=" in item]
    if "%" in url:
        from urllib.parse import unquote  # rare, and 3 ms

        found += [unquote(item) for item in found]
    return tuple(item for item in dict.fromkeys(found) if len(item) > 3 and item not in shown)


def _sub(pattern: str, replacement: str | Callable[[Match[str]], str], text: str) -> str:
    import re  # not on the way of a run without a URL in its words

    return re.sub(pattern, replacement, text, flags=re.ASCII | re.IGNORECASE | re.DOTALL)
