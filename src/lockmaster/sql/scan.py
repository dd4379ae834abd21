"""The values that the SQL layer hands out, and the helpers that every dialect shares.

Guarantee: offsets are byte offsets into the script as it was given; it is never copied.
"""

from __future__ import annotations

from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

BOM = b"\xef\xbb\xbf"
WORDS = 12  # how many tokens of a statement `Statement.words` shows
TOKEN_BYTES = 200  # a longer token (a literal, as a rule) is shown cut: a 50 MB string is no word
EXCERPT = 80


class ScriptError(Exception):
    """The script cannot be run as it is; the message says why, the hint what to do about it."""

    def __init__(self, message: str, line: int, hint: str = "") -> None:
        super().__init__(f"line {line}: {message}")
        self.message = message
        self.line = line
        self.hint = hint


class Statement(NamedTuple):
    """One statement: `script[start:end]` is its first token to its last, without the `;`."""

    start: int
    end: int
    line: int
    words: tuple[str, ...]


class Note(NamedTuple):
    """Something in the script that the runner must know about; at most 100 of each kind are kept."""

    kind: str
    line: int
    text: str


class Segment(NamedTuple):
    """A part of the script that is one transaction, or one statement that refuses to be in one ("alone")."""

    kind: str
    start: int
    end: int
    line: int
    blanks: tuple[tuple[int, int], ...] = ()
    modes: str = ""
    rolled_back: bool = False
    what: str = ""
    table: tuple[str, ...] = ()
    name: tuple[str, ...] = ()  # of the index, database, partition, ... that the statement is about
    if_exists: bool = False
    settings: tuple[
        tuple[int, int], ...
    ] = ()  # its statements that set something for the session, as later ones see it
    parts: tuple[int, ...] = ()  # where the second and later parts of a big one begin, each with a statement


class Script(NamedTuple):
    """A parsed script: its segments in order, and what stands out in it."""

    segments: tuple[Segment, ...]
    notes: tuple[Note, ...]
    statements: int
    first: str


class Lines:
    """Line numbers of ever later offsets, each byte of the script looked at once."""

    __slots__ = ("_line", "_offset", "_script")

    def __init__(self, script: bytes) -> None:
        self._script = script
        self._offset = 0
        self._line = 1

    def at(self, offset: int) -> int:
        """The 1-based line of this offset; an offset before the last one asked for is counted anew."""
        if offset < self._offset:
            return line_at(self._script, offset)
        self._line += self._script.count(b"\n", self._offset, offset)
        self._offset = offset
        return self._line


def line_at(script: bytes, offset: int) -> int:
    """The 1-based line of this offset."""
    return 1 + script.count(b"\n", 0, offset)


def fail(script: bytes, offset: int, message: str, hint: str) -> NoReturn:
    """Raise a ScriptError for the line of this offset."""
    raise ScriptError(message, line_at(script, offset), hint)


def excerpt(script: bytes, start: int, end: int) -> str:
    """The statement's beginning on one line, at most 80 characters."""
    raw = script[start : min(end, start + 4 * EXCERPT)]
    text = " ".join(raw.decode("utf-8", "replace").split())
    if len(text) <= EXCERPT and start + len(raw) >= end:
        return text
    return text[: EXCERPT - 3].rstrip() + "..."


def refuse_nul(script: bytes, start: int, end: int) -> None:
    """Drivers hand the text over as a C string: all that stands after a NUL would silently not be run."""
    nul = script.find(b"\0", start, end)
    if nul >= 0:
        fail(script, nul, "the script holds a NUL byte", "save the file as UTF-8 text")


def after_bom(script: bytes) -> int:
    """Where the text begins: after the byte order mark, if there is one."""
    return len(BOM) if script.startswith(BOM) else 0
