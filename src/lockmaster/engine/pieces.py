"""A script as the pieces that are sent: transactions with the rows that record them, and statements alone.

A file is cut at its own COMMITs and around statements that refuse a transaction. Each transactional piece carries its
journal row (the last one the record itself) before its COMMIT, so what is in effect is known exactly.
"""

from __future__ import annotations

from lockmaster.engine.journal import Journal
from lockmaster.engine.model import Alone, Unit
from lockmaster.errors import UsageError
from lockmaster.sql.scan import BOM, ScriptError
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.engine.model import Migration
    from lockmaster.engine.ports import Dialect, History, Source
    from lockmaster.sql.scan import Script, Segment

# what a transaction on somebody else's server connection must not do, in words for the refusal
NEEDS_SESSION = {
    "session-set": "sets something for the session", "role": "changes the role", "drops-turn": "drops session locks",
    "temp": "makes a temporary table that stays", "listen": "listens", "prepare": "prepares a statement for the session",
    "own-transaction": "has its own BEGIN or COMMIT", "set-transaction": "sets its own transaction mode",
    "lexing": "changes how SQL is read", "advisory-lock": "takes an advisory lock",
}  # fmt: skip


_LARGE = 8 << 20  # bytes of a piece beside which the script is not kept in memory


class Prepared(NamedTuple):
    """A pending migration, parsed: everything that can be wrong with its text was found before anything ran."""

    migration: Migration
    checksum: str
    parsed: Script
    kinds: frozenset[str]  # kinds of notes
    cuts: tuple[int, ...] = ()  # offsets of statements that stand alone because the server refused them

    @property
    def plain(self) -> bool:
        """One transaction, which the engine may send together with others."""
        segments = self.parsed.segments
        return not segments or (len(segments) == 1 and segments[0].kind == "transaction")


def prepare(source: Source, dialect: Dialect, migration: Migration) -> Prepared:
    """Read and parse. Raises UsageError with file and line."""
    script = source.script(migration)
    try:
        parsed = dialect.parse(script)
    except ScriptError as error:
        raise UsageError(f"{migration.path}:{error.line}: {error.message}", hint=error.hint) from None
    return Prepared(migration, source.checksum(script), parsed, frozenset(note.kind for note in parsed.notes))


def session_reasons(prepared: Prepared) -> list[str]:
    """Why this migration cannot run behind a transaction pooler; empty if it can."""
    notes = {note.kind: note for note in reversed(prepared.parsed.notes)}
    where = prepared.migration.path
    reasons = [f"{where}:{note.line} {NEEDS_SESSION[kind]}" for kind, note in notes.items() if kind in NEEDS_SESSION]
    reasons += [
        f"{where}:{segment.line} has a statement that refuses a transaction ({segment.what})"
        for segment in prepared.parsed.segments
        if segment.kind == "alone"
    ]
    if len(prepared.parsed.segments) > 1 and not reasons:
        reasons.append(f"{where} has several transactions")
    return reasons


def unit(source: Source, history: History, prepared: Prepared, *, announce: bool) -> Unit:
    """A plain migration as one unit with its record."""
    script = reread(source, prepared)
    segment = next(iter(prepared.parsed.segments), None)
    rows = history.applied(prepared.migration, prepared.checksum)
    if segment is None:
        return Unit(prepared.migration.label, b"", 0, 1, rows, announce=announce)
    return _unit(prepared, script, segment, rows, last=True, announce=announce)


def _unit(
    prepared: Prepared, script: bytes, segment: Segment, rows: tuple[str, ...], *, last: bool, announce: bool
) -> Unit:
    return Unit(
        migration=prepared.migration.label,
        body=_blanked(script, segment),
        start=segment.start,
        line=segment.line,
        rows=rows,
        modes=segment.modes,
        rolled_back=segment.rolled_back,
        last=last,
        announce=announce and last,
        notes=prepared.kinds,
        parts=tuple(offset - segment.start for offset in segment.parts),
    )


def reread(source: Source, prepared: Prepared) -> bytes:
    """The script once more: scripts are not kept in memory between parsing and sending. It must not have changed."""
    script = source.script(prepared.migration)
    if source.checksum(script) != prepared.checksum:
        raise UsageError(f"{prepared.migration.path} changed while it was being applied", hint="run again")
    return script


def _blanked(script: bytes, segment: Segment) -> bytes:
    """The segment with the script's own transaction words overwritten, so that every offset stays true."""
    if not segment.blanks:
        start = segment.start
        return (
            script
            if start == 0 and segment.end == len(script) and not script.startswith(BOM)
            else script[start : segment.end]
        )
    whole = memoryview(script)  # pieces of it are no copies: one copy of a big script is enough
    kept: list[bytes | memoryview] = []
    at = segment.start
    for start, end in segment.blanks:
        kept += [whole[at:start], b" " * (end - start)]
        at = end
    return b"".join([*kept, whole[at : segment.end]])


class Pieces:
    """The pieces of one migration that is not plain, with the rows that go with each."""

    def __init__(self, history: History, prepared: Prepared, source: Source, written: str = "") -> None:
        self._history = history
        self._prepared = prepared
        self._source = source
        self._kept: bytes | None = reread(source, prepared)
        self._prefixes: dict[int, str] = {}
        self.segments = prepared.parsed.segments
        self.total = len(self.segments)
        self.written = written  # the journal as we committed it last
        self._composed = written

    @property
    def _script(self) -> bytes:
        if self._kept is None:
            self._kept = reread(self._source, self._prepared)
        return self._kept

    def unit(self, index: int, *, begun: bool, announce: bool) -> Unit:
        """Piece `index` as a transaction; `begun`: the open record is there already."""
        last = index + 1 == self.total
        rows = self.rows_after(index, begun=begun)
        one = _unit(self._prepared, self._script, self.segments[index], rows, last=last, announce=announce)
        one = one._replace(settings=self._settings(index))
        if len(one.body) > _LARGE:
            self._prefix(index)  # which a failure of it will want to know
            self._kept = None
        return one

    def alone(self, index: int) -> Alone:
        segment = self.segments[index]
        return Alone(
            self._prepared.migration.label, _blanked(self._script, segment), segment.start, segment.line,
            segment.what, segment.table, segment.name, segment.if_exists,
            last=index + 1 == self.total, settings=self._settings(index),
        )  # fmt: skip

    def _settings(self, index: int) -> bytes:
        """What the pieces before this one set for the session: each begins in a clean one, perhaps in another run."""
        before = self.segments[:index]
        clean = max((at for at, segment in enumerate(before) if segment.what == "discard-all"), default=0)
        ranges = (place for segment in before[clean:] for place in segment.settings)
        return b"".join(self._script[start:end] + b"\n;" for start, end in ranges)

    def rows_before(self, index: int, evidence: str, *, begun: bool) -> tuple[str, ...]:
        """Rows that say: this statement is about to run, and this is how the catalog looks before it."""
        body = self.alone(index).body
        journal = Journal(index, self.total, self._prefix(index), True, evidence, excerpt(body))  # noqa: FBT003
        return self._journalled(journal._replace(cuts=self._cuts(index + 1), about=digest(body)), begun=begun)

    def rows_after(self, index: int, *, begun: bool) -> tuple[str, ...]:
        """Rows that say: this piece is in effect; the record itself after the last one."""
        migration, checksum = self._prepared.migration, self._prepared.checksum
        if index + 1 < self.total:
            journal = Journal(index + 1, self.total, self._prefix(index + 1), cuts=self._cuts(index + 1))
            return self._journalled(journal, begun=begun)
        if begun:
            return self._history.finish(migration, checksum)
        return self._history.applied(migration, checksum)

    def rows_failed(self, index: int, error: str) -> tuple[str, ...]:
        """Rows that say: the pieces before this one are in effect, this one failed and left nothing."""
        journal = Journal(index, self.total, self._prefix(index), error=error, cuts=self._cuts(index, following=False))
        return self._journalled(journal, begun=True)

    def committed(self) -> None:
        """The rows that were composed last are in effect."""
        self.written = self._composed

    def _journalled(self, journal: Journal, *, begun: bool) -> tuple[str, ...]:
        migration, text = self._prepared.migration, journal.encode()
        self._composed = text
        if begun:
            return self._history.progress(migration, text)
        return self._history.begin(migration, self._prepared.checksum, text)

    def _cuts(self, upto: int, *, following: bool = True) -> tuple[int, ...]:
        """Those in the first `upto` pieces, and the one that follows: further down the file may be edited before the next run."""
        end = self.segments[upto - 1].end if upto else 0
        if following and upto < self.total:
            end = self.segments[upto].start + 1
        return tuple(offset for offset in self._prepared.cuts if offset < end)

    def _prefix(self, done: int) -> str:
        if done not in self._prefixes:
            self._prefixes[done] = prefix(self._script, self.segments, done)
        return self._prefixes[done]


def prefix(script: bytes, segments: tuple[Segment, ...], done: int) -> str:
    """Hash of what is in effect when `done` pieces are: equal for a file that was repaired further down only."""
    end = segments[done - 1].end if 0 < done <= len(segments) else 0
    return digest(memoryview(script)[:end])


def digest(text: bytes | memoryview) -> str:
    from hashlib import sha256

    return sha256(text).hexdigest()


def excerpt(body: bytes, limit: int = 200) -> str:
    """The beginning of a statement in one line."""
    text = " ".join(body[: limit * 4].decode("utf-8", "replace").split())
    return text if len(text) <= limit else text[: limit - 3] + "..."
