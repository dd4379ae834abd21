"""PostgreSQL: a script's statements, and the segments in which it can be run with exact records.

Guarantee: the segments mean what the script would mean as one simple-query message, except that a statement
that refuses a transaction stands alone instead of failing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from lockmaster.sql.lexer import raw_words, spans, statements, upper
from lockmaster.sql.postgres_kinds import alone, refused
from lockmaster.sql.postgres_lexis import POSTGRES
from lockmaster.sql.postgres_notes import Notes
from lockmaster.sql.repeat import Repeat
from lockmaster.sql.scan import after_bom, fail, refuse_nul
from lockmaster.sql.segments import Segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.sql.scan import Script, Statement

_FIRST_WORD = re.compile(rb"[A-Za-z]+(?![\w$\x80-\xff])")
# These are most of a big script, and nothing needs to be known of them.
_PLAIN = frozenset((b"ANALYZE", b"COMMENT", b"DELETE", b"GRANT", b"INSERT", b"LOCK", b"MERGE", b"REVOKE", b"UPDATE"))
# Of a statement that may do anything the first word says all there is to say.
_OPAQUE = frozenset((b"CALL", b"DO", b"EXECUTE", b"EXPLAIN", b"SELECT", b"VALUES", b"WITH"))
_SHORT = 24  # tokens of any other are looked at first, which is all that CREATE and DROP need
_TOKENS = 5000  # of these all, as good as always: a COPY with 1,600 columns has 3,200
_LONG = frozenset(("ALTER", "COPY", "SUBSCRIPTION", "TEMP", "TEMPORARY"))
_STARTS = ("BEGIN", "START")
_ENDS = ("COMMIT", "END", "ROLLBACK", "ABORT")
_WORK = (("WORK",), ("TRANSACTION",))


def split(script: bytes, start: int = 0, end: int | None = None) -> Iterator[Statement]:
    """The statements of the script (or of a part of it that begins between two of them), one at a time."""
    return statements(POSTGRES, script, start or after_bom(script), len(script) if end is None else end)


def parse(script: bytes) -> Script:
    """The script's segments and notes; ScriptError for what no server can be sent."""
    return _Reader(script, frozenset(), None).read()


def cut_alone(script: bytes, parsed: Script, offset: int) -> Script:
    """The script with the statement at this byte offset "alone": it refused a transaction (25001, 2D000).

    Earlier cuts stay. ScriptError if it stands inside the script's own BEGIN: there is no way to run it then.
    """
    kept = frozenset(segment.start for segment in parsed.segments if segment.kind == "alone")
    return _Reader(script, kept, offset).read()


class _Reader:
    """Reads one script once."""

    def __init__(self, script: bytes, kept: frozenset[int], offset: int | None) -> None:
        self._script = script
        self._kept = kept
        self._offset = offset
        self._state = Segments(script)
        self._notes = Notes(script, self._state)
        self._repeat = Repeat()

    def read(self) -> Script:
        script, state = self._script, self._state
        refuse_nul(script, 0, len(script))
        for start, end in spans(POSTGRES, script, after_bom(script), len(script)):
            state.statements += 1
            self._notes.calls(start, end)
            found = _FIRST_WORD.match(script, start, end)
            word = found[0].upper() if found else b""
            forced = self._forced(start, end)
            if word in _PLAIN and not forced:
                self._repeat.plain()
                state.add(start, end)
            else:
                self._look(start, end, 1 if word in _OPAQUE else _SHORT, forced=forced)
        return state.script(self._repeat.verdict())

    def _forced(self, start: int, end: int) -> bool:
        """Whether this statement must stand alone because a server refused it."""
        if self._offset is None or end < self._offset:
            return start in self._kept
        self._offset = None
        if self._state.explicit:
            _refuse_cut(self._script, start)
        return True

    def _look(self, start: int, end: int, limit: int, *, forced: bool) -> None:
        raw = raw_words(POSTGRES, self._script, start, end, limit)
        words = upper(raw)
        if limit == _SHORT == len(raw) and not _LONG.isdisjoint(words[:4]):
            raw = raw_words(POSTGRES, self._script, start, end, _TOKENS)
            words = upper(raw)
        if self._is_transaction_word(start, end, words):
            return
        self._notes.statement(words, start, end)
        known = alone(words, raw) or (refused(words, raw) if forced else None)
        self._repeat.statement(words, whole=len(raw) < _TOKENS, alone=known is not None)
        if known is None:
            self._add(start, end, words)
        elif self._state.explicit:
            self._state.note("alone-in-transaction", start, end)
            self._state.add(start, end)
        else:
            self._state.alone(start, end, known)

    def _is_transaction_word(self, start: int, end: int, words: tuple[str, ...]) -> bool:
        """Whether this is the script's own BEGIN, COMMIT or ROLLBACK; then it is done with."""
        first, rest = words[0], words[1:]
        if first == "PREPARE" and rest[:1] == ("TRANSACTION",):
            _refuse_prepare(self._script, start)
        rest = rest[1:] if rest[:1] in _WORK else rest
        if first in _STARTS:
            self._state.begin(start, end, _modes(rest))
        elif first in _ENDS and rest[:1] not in (("PREPARED",), ("TO",)):
            rolled_back = first in _ENDS[2:]
            self._state.finish(start, end, rolled_back=rolled_back, chain=rest == ("AND", "CHAIN"))
            if rolled_back:
                self._repeat.undone()
        else:
            return False
        self._state.note("own-transaction", start, end)
        return True

    def _add(self, start: int, end: int, words: tuple[str, ...]) -> None:
        """Take an ordinary statement; a leading SET TRANSACTION becomes modes: our words come before it."""
        if words[:2] == ("SET", "TRANSACTION") and words[2:3] != ("SNAPSHOT",) and self._state.fresh:
            self._state.blank(start, end)
            self._state.modes = ", ".join(filter(None, (self._state.modes, _modes(words[2:]))))
        else:
            self._state.add(start, end, fresh=words[0] in ("SET", "RESET"))


def _modes(words: tuple[str, ...]) -> str:
    return " ".join(words).replace(" ,", ",")


def _refuse_prepare(script: bytes, start: int) -> NoReturn:
    fail(
        script,
        start,
        "PREPARE TRANSACTION leaves the outcome open: it cannot be recorded with the migration",
        "remove it and let the migration commit",
    )


def _refuse_cut(script: bytes, start: int) -> NoReturn:
    fail(
        script,
        start,
        "this statement refuses a transaction and stands inside the script's own BEGIN",
        "put COMMIT before it, or move it to a migration of its own",
    )
