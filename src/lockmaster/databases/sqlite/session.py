"""One session on SQLite. The turn is the transaction: BEGIN IMMEDIATE takes it, COMMIT or ROLLBACK gives it back.

So the history that the engine reads under the turn is read inside the very transaction that runs and records the
migration, and nothing can come in between. SQLite's own file lock is the mutex; it ends with the process.
It does NOT protect on network file systems whose locks do not work, nor between two hosts.
"""

from __future__ import annotations

import sqlite3

from lockmaster.clock import Deadline, pauses
from lockmaster.databases.sqlite import references
from lockmaster.databases.sqlite.dialect import SqliteDialect
from lockmaster.databases.sqlite.errors import spot
from lockmaster.engine.failures import LostTurnError, ServerError
from lockmaster.engine.model import Verdict, View
from lockmaster.engine.ports import Capabilities
from lockmaster.errors import UnreachableError
from lockmaster.events import Waiting
from lockmaster.faults import Fault, reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lockmaster.clock import Clock
    from lockmaster.databases.sqlite.wire import Wire
    from lockmaster.engine.model import Alone, Unit
    from lockmaster.engine.ports import History
    from lockmaster.events import Emit

# tables of SQLite itself, of the tools that copy or host its files, and of the two formats
_STRANGERS = """
SELECT name FROM main.sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'
AND name NOT GLOB '_litestream*' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'libsql_*'
AND name NOT IN ('_prisma_migrations', 'lockmaster_history', {ours}) ORDER BY name LIMIT 10"""
_SESSION_STATE = (b"pragma", b"attach", b"temp")  # words without which a script leaves nothing in the session
_TELL_EVERY = 1.0


class SqliteSession:
    """See `engine.ports.Session`."""

    caps = Capabilities(turn_spans_transactions=False, session_state=True, batch_bytes=0, batch_units=1)
    pooler = ""
    recovery = False

    def __init__(self, wire: Wire, *, clock: Clock, emit: Emit, lock_timeout: float, wait: float | None) -> None:
        self.dialect = SqliteDialect()
        self.server = f"SQLite {sqlite3.sqlite_version}"
        self.wire = wire
        self._clock = clock
        self._emit = emit
        self._lock_timeout = lock_timeout
        self._wait = wait  # seconds that a reader waits for somebody who holds the whole file
        self._enforce_next = True  # foreign keys in the next turn; False once after a unit could not switch them
        self._state_of = ""  # the migration whose script may have left something in the session

    # ---- reading ------------------------------------------------------------------------------------------

    def read(self, history: History, *, details: bool = False, load: bool = False) -> View:  # noqa: ARG002 - no load here
        columns = history.details if details else history.columns
        table = self.dialect.table(history.schema, history.table)
        try:
            rows = self._query(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {history.order}")  # noqa: S608 - ours
        except ServerError as error:
            if error.text.startswith("no such table: ") and error.text.endswith(history.table):
                return View(exists=False, records=())
            raise
        return View(exists=rows is not None, records=history.parse(rows or []))

    def _query(self, sql: str) -> list[tuple[Any, ...]] | None:
        """Rows of a query; None without a file. Waits while somebody (Prisma, VACUUM) holds the whole file."""
        limit = Deadline(self._clock, self._wait)
        told = started = self._clock.now()
        for pause in pauses(0.01, 0.25):
            if not self.wire.in_transaction and not self.wire.place.exists():
                self.wire.close()
                return None
            try:
                return self.wire.read(sql)
            except ServerError as error:
                if error.kind != "busy":
                    raise
                if limit.over():
                    raise UnreachableError(
                        f"{self.wire.place} is locked by another process", hint="a migration or VACUUM may be running"
                    ) from error
            if (now := self._clock.now()) - told >= _TELL_EVERY:
                told = now
                self._emit(Waiting("database", "locked by another process", now - started, self._wait))
            self.wire.pause(min(pause, limit.left()))
        raise AssertionError  # pauses never end

    def locate(self, history: History) -> History:
        return history

    def strangers(self, history: History) -> tuple[str, ...]:
        rows = self._query(_STRANGERS.format(ours=self.dialect.literal(history.table)))
        return tuple(str(row[0]) for row in rows or [])

    def probe(self) -> None:
        """Raise when the file cannot be read. Held by somebody is no reason: it works, for another."""
        if self.wire.place.exists():
            try:
                self.wire.read("PRAGMA main.schema_version")
            except ServerError as error:
                if error.kind != "busy":
                    raise UnreachableError(f"{self.wire.place}: {error.text}") from error

    def identity(self) -> str:
        return self.wire.place.identity()

    def running_elsewhere(self, body: bytes) -> str:  # noqa: ARG002 - whoever is in the middle of one has the file's lock
        return ""

    def holder(self, history: History) -> str:  # noqa: ARG002 - SQLite does not tell
        return ""

    # ---- the turn -----------------------------------------------------------------------------------------

    def try_turn(self, history: History) -> bool:  # noqa: ARG002 - one file has one turn
        if self.wire.in_transaction:
            return True
        enforce, self._enforce_next = self._enforce_next, True
        return self._begin(enforce=enforce)

    def _begin(self, *, enforce: bool) -> bool:
        if not self.wire.write:  # BEGIN IMMEDIATE works on a file that is opened read-only, and locks nothing
            raise ServerError("the session was opened for reading only", kind="read-only")
        self._enforce(on=enforce)
        try:
            self.wire.execute("BEGIN IMMEDIATE")
        except ServerError as error:
            if error.kind == "busy":
                return False
            raise
        reach(Fault.BEGUN)
        return True

    def _enforce(self, *, on: bool) -> None:
        """Foreign keys, on or off. Only outside a transaction: inside one the PRAGMA does nothing and says nothing."""
        self.wire.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")

    def release(self) -> None:
        if self.wire.in_transaction or self.wire.held:
            self.wire.close()

    def _need_turn(self) -> None:
        if not self.wire.in_transaction:
            raise LostTurnError("the turn ended with its transaction")

    # ---- running ------------------------------------------------------------------------------------------

    def write(self, rows: Sequence[str], *, announce: bool = False) -> None:  # noqa: ARG002 - nobody listens
        self._need_turn()
        try:
            for row in rows:
                self.wire.execute(row)
            reach(Fault.RECORDED)
            self._commit()
        except BaseException as error:
            self._give_up(error)
            raise

    def run(self, units: Sequence[Unit], receipt: str, expected: int) -> None:
        """See the port; one unit at a time (`caps`). The turn is gone afterwards, whatever came of it."""
        (unit,) = units
        self._need_turn()
        if self._state_of not in ("", unit.migration):
            self.wire.close()
            raise LostTurnError(f"the session had to be renewed after {self._state_of}")
        self._state_of = unit.migration
        relaxed = references.relaxes(self.dialect, unit.body)
        try:
            if relaxed:
                self._switch_off()
            self._transaction(unit, receipt, expected, relaxed=relaxed)
        except BaseException as error:
            self._give_up(error)
            raise
        self._tidy(unit)

    def _switch_off(self) -> None:
        """Continue the turn with foreign keys off, or raise LostTurnError.

        They can only be switched outside a transaction, so the turn is given up and taken again. `data_version`
        changes when any other connection has committed: unchanged, all that was read under the first turn still
        holds. Changed, or not free: the engine takes a new turn and reads again, and that turn begins with them off.
        """
        if not self.wire.execute("PRAGMA foreign_keys")[0][0]:
            return
        seen = self.wire.execute("PRAGMA main.data_version")
        self.wire.execute("ROLLBACK")
        self._enforce_next = False
        if not self._begin(enforce=False):
            raise LostTurnError("somebody else took the turn while foreign keys were switched off")
        if self.wire.execute("PRAGMA main.data_version") != seen:
            raise LostTurnError("somebody else wrote while foreign keys were switched off")
        self._enforce_next = True

    def _transaction(self, unit: Unit, receipt: str, expected: int, *, relaxed: bool) -> None:
        """The script, what it must not have done, its rows, the receipt, COMMIT."""
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
            raise ServerError(
                f"history counts {counted} instead of {expected} after the script: it changes the history itself",
                kind="script",
            )
        if not unit.last:
            self._hold()
        self._commit()

    def _script(self, unit: Unit) -> None:
        """Each statement by itself; one that fails is named by its place."""
        if unit.rolled_back:
            self.wire.execute("SAVEPOINT lockmaster")
        self.wire.guard(on=True)
        try:
            self._statements(unit.body)
        finally:
            self.wire.guard(on=False)
        if unit.rolled_back:
            self.wire.execute("ROLLBACK TO lockmaster")
            self.wire.execute("RELEASE lockmaster")

    def _statements(self, body: bytes) -> None:
        for statement in self.dialect.split(body):
            raw = body[statement.start : statement.end]
            try:
                self.wire.run(raw.decode())
            except ServerError as error:
                if self.wire.denied:
                    error.text, error.kind = f"{self.wire.denied} in the middle of a script's transaction", "script"
                error.index, error.offset = 0, statement.start + spot(raw, error.text)
                raise
            reach(Fault.STATEMENT)

    def _commit(self) -> None:
        """COMMIT, repeated while readers are in its way (C8): the transaction stays open and lets no new ones in."""
        reach(Fault.MESSAGE_READY)
        limit = Deadline(self._clock, self._lock_timeout)
        reach(Fault.MESSAGE_SENT)
        for pause in pauses(0.002, 0.05):
            try:
                self.wire.execute("COMMIT")
                break
            except ServerError as error:
                error.index = 0
                if error.kind != "busy" or limit.over():
                    raise
            self.wire.pause(min(pause, limit.left()))
        reach(Fault.MESSAGE_ANSWERED)

    def _give_up(self, error: BaseException) -> None:
        """Undo the transaction. Who gives way to others will come back, and keeps temporary tables of earlier pieces."""
        if isinstance(error, ServerError) and error.kind == "busy" and self.wire.in_transaction:
            try:
                self.wire.execute("PRAGMA main.locking_mode=NORMAL")  # before ROLLBACK, which then lets go
                self.wire.execute("ROLLBACK")
                self.wire.held = False
            except Exception:  # noqa: BLE001 - closing does it for certain
                self.wire.close()
        else:
            self.wire.close()
            self._state_of = ""

    def _tidy(self, unit: Unit) -> None:
        """What a finished migration left in the session goes with the connection; a new one costs 0.1 ms."""
        if not unit.last:
            return
        low = unit.body.lower()
        if self.wire.held or any(word in low for word in _SESSION_STATE):
            self.wire.close()
        self._state_of = ""

    def pinpoint(self, unit: Unit) -> ServerError | None:  # noqa: ARG002 - every error came with its place
        return None

    # ---- pieces -------------------------------------------------------------------------------------------

    def _hold(self) -> None:
        """Keep the file to ourselves from this COMMIT on, until the migration's other pieces are done.

        In WAL mode nobody can while another connection is open; there each piece is a turn of its own, which is
        safe (each reads the journal in its own transaction), but another process may take over in between.
        """
        if self.wire.held or self.wire.execute("PRAGMA main.journal_mode")[0][0] == "wal":
            return
        self.wire.execute("PRAGMA main.locking_mode=EXCLUSIVE")
        self.wire.held = True

    def evidence(self, alone: Alone) -> str:  # noqa: ARG002 - see `judge`
        return ""

    def run_alone(self, alone: Alone) -> None:
        if self.wire.in_transaction:
            self.wire.execute("ROLLBACK")
        if self._state_of not in ("", alone.migration):
            self.wire.close()
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
                return self.wire.run(sql)
            except ServerError as error:
                if error.kind != "busy" or limit.over():
                    raise
            self.wire.pause(min(pause, limit.left()))
        return None

    def judge(self, alone: Alone, evidence: str, *, answered: bool) -> Verdict:  # noqa: ARG002 - none is needed
        """VACUUM and the PRAGMAs may be repeated: a second time they find their work done."""
        if answered:
            return Verdict("done", "it was answered")
        return Verdict("again", f"{alone.what or 'the statement'} may be repeated")

    # ---- waiting ------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Nobody can announce anything in SQLite."""

    def sleep(self, seconds: float) -> bool:
        """Asleep without a connection: an open one keeps others from changing the journal mode, or sees a replaced file."""
        if not self.wire.in_transaction and not self.wire.held and not self._state_of:
            self.wire.close()
        self.wire.pause(seconds)
        return False

    def close(self) -> None:
        self.wire.close()
