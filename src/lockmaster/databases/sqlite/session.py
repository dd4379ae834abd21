"""One session on SQLite. The turn is the transaction: BEGIN IMMEDIATE takes it, COMMIT gives it back.

So the history that is read under the turn is read inside the very transaction that runs and records the
migration. SQLite's own file lock is the mutex; it ends with the process. Where the engine goes on after a COMMIT or
a ROLLBACK (the next migration, the next piece, the record of a failure), `turn` proves that nobody else has been
there meanwhile. It does NOT protect on network file systems whose locks do not work, nor between two hosts.
"""

from __future__ import annotations

import sqlite3

from lockmaster.clock import Deadline, pauses
from lockmaster.databases.sqlite.dialect import SqliteDialect
from lockmaster.databases.sqlite.errors import spot
from lockmaster.databases.sqlite.turn import Turn
from lockmaster.engine.failures import LostTurnError, ServerError
from lockmaster.engine.model import Capabilities, Verdict, View
from lockmaster.faults import Fault, reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from lockmaster.clock import Clock
    from lockmaster.databases.sqlite.reader import Reader
    from lockmaster.databases.sqlite.wire import Wire
    from lockmaster.engine.model import Alone, Unit
    from lockmaster.engine.ports import AnyRecords, Records

LARGE = 8 << 20  # bytes of a statement that is too large to be made Python's text, which takes up to five times as much
_STAYS = frozenset({"session-set", "temp"})  # notes of scripts that may leave something in the session


class SqliteSession:
    """See `engine.ports.Session`."""

    caps = Capabilities(turn_spans_transactions=True, session_state=True, batch_bytes=0, batch_units=1)
    pooler = ""

    def __init__(
        self,
        wire: Wire,
        reader: Reader,
        *,
        clock: Clock,
        lock_timeout: float,
        statement_timeout: float | None,
    ) -> None:
        self.dialect = SqliteDialect()
        self.server = f"SQLite {sqlite3.sqlite_version}"
        self.recovery = not wire.write  # nothing can be written: the engine opens again where it has to
        self.wire = wire
        self._reader = reader
        self._turn = Turn(wire, reader, clock, lock_timeout)
        self._clock = clock
        self._lock_timeout = lock_timeout
        self._statement_timeout = statement_timeout
        self._state_of = ""  # the migration whose script may have left something in the session

    @property
    def writable(self) -> bool:
        return self.wire.write

    # ---- reading --------------------------------------------------------------------------------------

    def read(self, history: Records, *, details: bool = False, load: bool = False) -> View:  # noqa: ARG002
        rows = self._reader.history(history, details=details)
        if self.wire.in_transaction and not details:
            self._turn.seen(rows)
        return View(exists=rows is not None, records=history.parse(rows or []))

    def locate(self, history: AnyRecords) -> AnyRecords:
        return history

    def strangers(self, history: Records) -> tuple[str, ...]:
        return self._reader.strangers(history)

    def identity(self) -> str:
        return self.wire.place.identity()

    def running_elsewhere(self, body: bytes) -> str:  # noqa: ARG002 - who runs one holds the file, and we do
        return ""

    def holder(self, history: Records) -> str:  # noqa: ARG002 - SQLite does not tell
        return ""

    # ---- the turn -------------------------------------------------------------------------------------

    def try_turn(self, history: Records) -> bool:
        return self._turn.take(history)

    def release(self) -> None:
        self._turn.release()

    # ---- running --------------------------------------------------------------------------------------

    def write(self, rows: Sequence[str], *, announce: bool = False) -> None:  # noqa: ARG002 - nobody listens
        self._turn.enter()
        try:
            for row in rows:
                self.wire.execute(row)
            reach(Fault.RECORDED)
            self._turn.commit()
        except BaseException as error:
            self._give_up(error)
            raise

    def run(
        self, units: Sequence[Unit], receipt: str, expected: int, *, meanwhile: Callable[[], None] | None = None
    ) -> None:
        """See the port; one unit at a time (`caps`), and no server. The transaction is over afterwards."""
        del meanwhile
        (unit,) = units
        relaxed = "foreign-keys" in unit.notes
        if self._state_of not in ("", unit.migration):
            self._turn.renew()
        if len(unit.body) > LARGE and not (self.wire.large or self._state_of or self.wire.held):
            self._turn.enter()  # the proof of a transaction outlives its connection
            self.wire.large = True
            self._turn.renew()
        self._turn.enter(foreign_keys=not relaxed)
        stays = not unit.last or bool(unit.notes & _STAYS) or _attaches(unit.body)
        self._state_of = unit.migration if stays else self._state_of
        try:
            self._transaction(unit, receipt, expected, relaxed=relaxed)
        except BaseException as error:
            self._give_up(error)
            raise
        if unit.last and (self._state_of or self.wire.held):
            self.wire.close()  # what the migration left in the session goes with it; a new one costs 0.1 ms
            self._state_of = ""

    def _transaction(self, unit: Unit, receipt: str, expected: int, *, relaxed: bool) -> None:
        """The script, what it must not have done, its rows, the receipt, COMMIT."""
        from lockmaster.databases.sqlite import references

        before = references.violations(self.wire) if relaxed else None
        self.wire.mark()
        self._script(unit)
        if relaxed:
            references.refuse_new(before, references.violations(self.wire))
        for row in unit.rows:
            self.wire.execute(row)
        reach(Fault.RECORDED)
        counted = self.wire.execute(receipt)[0][0]
        if counted != expected:
            text = f"history counts {counted} instead of {expected} after the script, which changes it itself"
            raise ServerError(text, kind="script")
        reach(Fault.MESSAGE_READY)
        fresh = bool(self._state_of) or self.wire.held  # the connection ends with the migration
        self._turn.commit(hold=not unit.last, rows=not unit.last or fresh)

    def _script(self, unit: Unit) -> None:
        """The statements, one by one; an own ROLLBACK at the end takes back the script and not its record."""
        if unit.rolled_back:
            self.wire.execute("SAVEPOINT lockmaster")
        self.wire.guard(on=True)
        try:
            self._statements(unit.body)
        finally:
            self.wire.guard(on=False)
            self.wire.limit = None
        if unit.rolled_back:
            self.wire.execute("ROLLBACK TO lockmaster")
            self.wire.execute("RELEASE lockmaster")

    def _statements(self, body: bytes) -> None:
        whole = memoryview(body)
        for statement in self.dialect.split(body):
            start, end = statement.start, statement.end
            self.wire.limit = Deadline(self._clock, self._statement_timeout) if self._statement_timeout else None
            try:
                if not (end - start > LARGE and self.wire.run_large(body, start, end)):
                    self.wire.run(str(whole[start:end], "utf-8"))  # one copy less of what may be large
            except ServerError as error:
                if self.wire.denied:
                    error.kind = "script"
                    error.text = f"{self.wire.denied} in a place where it would end Lockmaster's own transaction"
                error.index, error.offset = 0, start + spot(body[start:end], error.text)
                raise
            reach(Fault.STATEMENT)

    def _give_up(self, error: BaseException) -> None:
        """Undo the transaction. Who gives way to others comes back, and keeps temporary tables until then."""
        gives_way = isinstance(error, ServerError) and error.kind == "busy"
        self._turn.roll_back(keep=gives_way)
        if isinstance(error, LostTurnError):
            self._turn.release()
        if not gives_way:
            self._state_of = ""

    def pinpoint(self, unit: Unit, passed: int = 0) -> ServerError | None:  # noqa: ARG002 - every error came with its place
        return None

    # ---- statements that refuse a transaction ---------------------------------------------------------

    def evidence(self, alone: Alone) -> str:  # noqa: ARG002 - none is needed, see `judge`
        return ""

    def run_alone(self, alone: Alone) -> None:
        """All of it on one connection: PRAGMA page_size, for one, only means something to the next VACUUM."""
        self._turn.leave()
        if self._state_of not in ("", alone.migration):
            self._turn.renew()
        self._state_of = alone.migration
        reach(Fault.ALONE_SENT)
        for statement in self.dialect.split(alone.body):
            try:
                self._patiently(alone.body[statement.start : statement.end].decode())
            except ServerError as error:
                error.index, error.offset = 0, statement.start
                raise
        reach(Fault.ALONE_ANSWERED)

    def _patiently(self, sql: str) -> None:
        limit = Deadline(self._clock, self._lock_timeout)
        for pause in pauses(0.01, 0.1):
            try:
                self.wire.run(sql)
            except ServerError as error:
                if error.kind != "busy" or limit.over():
                    raise
            else:
                return
            self.wire.pause(min(pause, limit.left()))

    def judge(self, alone: Alone, evidence: str, *, answered: bool) -> Verdict:  # noqa: ARG002
        """VACUUM, DETACH and the PRAGMAs may be repeated: a second time they find their work done."""
        if answered:
            return Verdict("done", "it was answered")
        return Verdict("again", f"{alone.what or 'the statement'} may be repeated")

    # ---- waiting --------------------------------------------------------------------------------------

    def listen(self, history: Records) -> bool:  # noqa: ARG002 - nothing to listen to
        """Nobody can announce anything in SQLite."""
        return False

    def announce(self, history: Records) -> None:
        """Nobody could hear it."""

    def sleep(self, seconds: float, wake: Sequence[Any] = ()) -> bool:
        """Asleep without a connection: one is in the way of others (WAL), and misses a replaced file."""
        if not (self.wire.in_transaction or self.wire.held or self._turn.tied or self._state_of):
            self.wire.close()
        self.wire.nap(seconds, wake)
        return False

    def hold(self, limit: Deadline) -> None:  # noqa: ARG002 - nobody has to answer
        self._turn.enter()

    def others(self, mark: str, limit: Deadline, *, end: bool) -> tuple[str, ...]:  # noqa: ARG002 - sessions on a file have no names
        return ()

    def descriptors(self) -> tuple[int, ...]:
        return ()

    def close(self) -> None:
        self.wire.close()


def _attaches(body: bytes) -> bool:
    """Whether the script may attach a database, which would stay. (`body.lower()` would be a copy of 50 MB.)"""
    import re

    return re.search(rb"\battach\b", body, re.IGNORECASE) is not None
