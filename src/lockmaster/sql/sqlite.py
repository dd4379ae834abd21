"""SQLite: a script's statements, and the segments in which it can be run with exact records.

Guarantee: the segments mean what the statements mean one after the other, but all or nothing within each
segment; `PRAGMA foreign_keys` is taken out, because inside a transaction it does nothing: the runner does it
outside (PROTOCOL-FACTS A1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.sql.lexer import raw_words, spans, statements, upper
from lockmaster.sql.repeat import Repeat
from lockmaster.sql.scan import after_bom, refuse_nul
from lockmaster.sql.segments import Alone, Segments
from lockmaster.sql.sqlite_lexis import SQLITE, refuse_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.sql.scan import Script, Statement

_FIRST_WORD = re.compile(rb"[A-Za-z]+(?![\w$\x80-\xff])")
_DATA = frozenset((b"DELETE", b"INSERT", b"REPLACE", b"UPDATE"))
_TOKENS = 2000
_ENDS = ("COMMIT", "END", "ROLLBACK")
# Refused or ignored inside a transaction when they set something.
_ALONE_PRAGMAS = (
    *("AUTO_VACUUM", "ENCODING", "JOURNAL_MODE", "PAGE_SIZE", "SYNCHRONOUS", "TEMP_STORE", "WAL_CHECKPOINT"),
)
_ASKING_PRAGMAS = (
    *("FOREIGN_KEY_CHECK", "FOREIGN_KEY_LIST", "INDEX_INFO", "INDEX_LIST", "INDEX_XINFO", "INTEGRITY_CHECK"),
    *("OPTIMIZE", "QUICK_CHECK", "TABLE_INFO", "TABLE_LIST", "TABLE_XINFO"),
)
_ON = re.compile(r"ON|YES|TRUE|0*[1-9]\d*|0[Xx]0*[1-9A-Fa-f][0-9A-Fa-f]*", re.IGNORECASE)


def split(script: bytes, start: int = 0, end: int | None = None) -> Iterator[Statement]:
    """The statements of the script (or of a part of it that begins between two of them), one at a time."""
    stop = len(script) if end is None else end
    for statement in statements(SQLITE, script, start or after_bom(script), stop):
        refuse_command(script, statement.start, stop)
        yield statement


def parse(script: bytes) -> Script:
    """The script's segments and notes; ScriptError for what no library can be given."""
    return _Reader(script).read()


class _Reader:
    """Reads one script once."""

    def __init__(self, script: bytes) -> None:
        self._script = script
        self._state = Segments(script)
        self._repeat = Repeat()
        self._keys_on = True  # as our sessions have it
        self._off: tuple[int, int] | None = None  # the first PRAGMA that switches foreign keys off
        self._guarded: tuple[int, int] | None = None  # the first data statement with foreign keys on

    def read(self) -> Script:
        script, state = self._script, self._state
        refuse_nul(script, 0, len(script))
        for start, end in spans(SQLITE, script, after_bom(script), len(script)):
            state.statements += 1
            found = _FIRST_WORD.match(script, start, end)
            word = found[0].upper() if found else b""
            if word in _DATA:
                self._data(start, end)
                self._repeat.plain()
                state.add(start, end)
            else:
                self._look(start, end)
        if self._off and self._guarded:
            state.note("foreign-keys-mixed", *self._guarded)
        return state.script(self._repeat.verdict())

    def _data(self, start: int, end: int) -> None:
        if self._keys_on and self._guarded is None:
            self._guarded = (start, end)

    def _look(self, start: int, end: int) -> None:
        refuse_command(self._script, start, end)
        words = upper(raw_words(SQLITE, self._script, start, end, _TOKENS))
        if words[0] == "PRAGMA":
            self._pragma(words, start, end)
        elif not self._is_transaction_word(words, start, end):
            self._ordinary(words, start, end)

    def _ordinary(self, words: tuple[str, ...], start: int, end: int) -> None:
        first, second = words[0], words[1:2]
        if first == "WITH" or (first, second) == (
            "DROP",
            ("TABLE",),
        ):  # DROP deletes the rows as DELETE would
            self._data(start, end)
        if first == "CREATE" and second in (("TEMP",), ("TEMPORARY",)):
            self._state.note("temp", start, end)
        known = Alone(first.lower()) if first in ("VACUUM", "DETACH") else None
        self._repeat.statement(words, whole=len(words) < _TOKENS, alone=known is not None)
        if known is None:
            self._state.add(start, end)
        else:
            self._alone(start, end, known)

    def _alone(self, start: int, end: int, known: Alone) -> None:
        if self._state.explicit:
            self._state.note("alone-in-transaction", start, end)
            self._state.add(start, end)
        else:
            self._state.alone(start, end, known)

    def _is_transaction_word(self, words: tuple[str, ...], start: int, end: int) -> bool:
        """Whether this is the script's own BEGIN, COMMIT or ROLLBACK; then it is done with."""
        first, rest = words[0], words[1:]
        if first == "BEGIN":
            self._begin(rest, start, end)
        elif first in _ENDS and "TO" not in rest:
            rolled_back = first == "ROLLBACK"
            self._state.finish(start, end, rolled_back=rolled_back, chain=False)
            if rolled_back:
                self._repeat.undone()
        else:
            return False
        self._state.note("own-transaction", start, end)
        return True

    def _begin(self, rest: tuple[str, ...], start: int, end: int) -> None:
        # What stands before it is committed already, and a ROLLBACK must not take it back.
        if not self._state.explicit:
            self._state.cut()
        self._state.begin(start, end, " ".join(word for word in rest if word != "TRANSACTION"))

    def _pragma(self, words: tuple[str, ...], start: int, end: int) -> None:
        at = 3 if words[2:3] == (".",) else 1
        name, value = "".join(words[at : at + 1]), words[at + 2 : at + 3]
        name = name.strip("\"'`[]").upper()
        if not value or name in _ASKING_PRAGMAS:
            self._state.add(start, end)
        elif name == "FOREIGN_KEYS":
            self._foreign_keys(value[0].strip("\"'`[]"), start, end)
        elif name in _ALONE_PRAGMAS:
            self._state.note("session-set", start, end)
            self._alone(start, end, Alone("pragma"))
        else:
            deferred = name == "DEFER_FOREIGN_KEYS"
            self._state.note("defer-foreign-keys" if deferred else "session-set", start, end)
            self._state.add(start, end)

    def _foreign_keys(self, value: str, start: int, end: int) -> None:
        if self._state.explicit:
            self._state.note("foreign-keys-ignored", start, end)  # as SQLite itself does here
            self._state.add(start, end)
            return
        self._keys_on = bool(_ON.fullmatch(value))
        if not self._keys_on and self._off is None:
            self._off = (start, end)
        if self._off:
            self._state.note("foreign-keys", start, end)
        self._state.blank(start, end)
