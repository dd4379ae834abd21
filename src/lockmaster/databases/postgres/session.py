"""One session on PostgreSQL whose turn is a session-level lock: straight to the server, no transaction pooler between."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from itertools import pairwise

from lockmaster.databases.postgres import evidence, message
from lockmaster.databases.postgres.dialect import PostgresDialect
from lockmaster.engine.failures import LostConnectionError, LostTurnError, ServerError
from lockmaster.engine.model import Capabilities, View
from lockmaster.errors import MigrationHalfDoneError
from lockmaster.faults import Fault, reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from lockmaster.clock import Deadline
    from lockmaster.databases.postgres.progress import Watcher
    from lockmaster.databases.postgres.wire import Wire
    from lockmaster.engine.model import Alone, Unit, Verdict
    from lockmaster.engine.ports import AnyRecords, Records

_NOT_PREPARED = "26000"
MISSING = frozenset({"42P01", "3F000"})  # no such table; no such schema
_STRANGERS = """
SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE (n.nspname = {schema} OR n.nspname = ANY (pg_catalog.current_schemas(false)))
AND c.relkind IN ('r', 'p') AND c.relname NOT IN ({ours})
AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'
                AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
ORDER BY 1 LIMIT 10"""
_HOLDER = """
SELECT a.pid, a.application_name FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted = {granted} AND l.objsubid = 1
AND l.classid::pg_catalog.int8 = {high} AND l.objid::pg_catalog.int8 = {low}
AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"""
# the function under the view pg_stat_activity, whose joins cost more than the look itself
_CROWD = """(SELECT
  (1 + count(*) FILTER (WHERE datid IS NOT NULL))::pg_catalog.float8
    / pg_catalog.current_setting('max_connections')::pg_catalog.float8 AS load,
  coalesce(bool_or(datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    AND application_name NOT LIKE 'lockmaster/%'
    AND (query ILIKE 'listen %' OR query ILIKE '%notify%')), false) AS notifies,
  count(*) FILTER (WHERE application_name LIKE 'lockmaster/%') AS peers
FROM pg_catalog.pg_stat_get_activity(NULL) WHERE pid <> pg_catalog.pg_backend_pid())"""
# histories, and what Prisma overlooks too (FIELD 1.1): PostGIS's tables where they belong to no extension
OURS = (
    "_prisma_migrations", "lockmaster_history",
    "spatial_ref_sys", "geometry_columns", "geography_columns", "raster_columns", "raster_overviews",
)  # fmt: skip


class PostgresSession:
    """See `engine.ports.Session`. The lock lives in the session that runs the DDL, and dies with it.

    It does NOT protect against a script that changes the schema from another connection (dblink), nor against
    people who run DDL by hand: they take no turn.
    """

    caps = Capabilities(turn_spans_transactions=True, session_state=True, batch_bytes=1 << 18, batch_units=50)
    pooler = ""

    def __init__(
        self,
        wire: Wire,
        *,
        server: str,
        limits: message.Limits,
        settings: message.Settings,
        warn: Callable[[str, str], None],
        watch: Callable[[int, str, str], Watcher] | None = None,
        before: PostgresSession | None = None,
        schema: str = "",
    ) -> None:
        self.dialect = PostgresDialect()
        self.server = server
        self.recovery: bool = before.recovery if before else False
        self.backend: int = before.backend if before else 0  # the server's process that answered the last read
        self.wire = wire
        self._limits = limits
        self._settings = settings
        self._warn = warn
        self._watch = watch
        self._schema = schema  # in which the scripts work; "" where the search path of the role leads
        self._key: int | None = None
        self._found: str | None = before._found if before else None  # noqa: SLF001 - its own kind; the schema in which the last read found the history
        self._listening = False
        self._foreign = False  # the application uses NOTIFY, as far as this role may see
        self._set_up = False
        self._proof: tuple[str, int | None] = ("", None)  # name of the prepared proof, and of which key
        self._dropped = False  # a script dropped it, so the next one might, too

    @property
    def writable(self) -> bool:
        return not self.recovery

    # ---- reading ------------------------------------------------------------------------------------------

    def read(self, history: Records, *, details: bool = False, load: bool = False) -> View:
        if (
            history.schema is None and self._schema
        ):  # the search path is not set yet, and a bare name means something else
            return self._read_where_found(history, details=details, load=load)
        columns = history.details if details else history.columns
        try:
            rows = self.wire.send(self._read_sql(history, columns, load=load))
        except ServerError as error:
            if error.sqlstate not in MISSING:
                raise
            return self._read_where_found(history, details=details, load=load)
        self._learn(rows[0])
        records = history.parse([row[7:] for row in rows if row[6]])
        return View(exists=True, records=records, load=float(rows[0][3]), peers=int(rows[0][5]))

    def _read_where_found(self, history: Records, *, details: bool, load: bool) -> View:
        row = self.wire.send(self._hello_sql(history, load=load))[0]
        self._learn(row)
        if row[2] is not None and self.locate(history).schema != history.schema:
            return self.read(self.locate(history), details=details, load=load)
        return View(exists=False, records=(), load=float(row[3]), peers=int(row[5]))

    def _learn(self, row: tuple[Any, ...]) -> None:
        self.backend, self.recovery, self._foreign = int(row[0]), bool(row[1]), bool(row[4])
        if row[2] is not None:
            self._found = str(row[2])

    def _facts(self, history: Records) -> str:
        """Columns that travel with each read: backend, recovery, where the history is."""
        # where the scripts' names lead, else the default (B4)
        places = [history.schema] if history.schema else [self._schema or None, "public"]
        names = [self.dialect.literal(self.dialect.table(place, history.table)) for place in places]
        table = ", ".join(f"pg_catalog.to_regclass({name})" for name in names)
        found = (
            "(SELECT n.nspname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
            f" ON n.oid = c.relnamespace WHERE c.oid = coalesce({table}))"
        )
        return f"pg_catalog.pg_backend_pid() AS pid, pg_catalog.pg_is_in_recovery() AS recovery, {found} AS found"

    def _from(self, history: Records, *, load: bool) -> str:
        """The facts, and what waiters want to know of the crowd: read in one look at the sessions, or not at all."""
        crowd = _CROWD if load else "(SELECT 0 AS load, false AS notifies, 0 AS peers)"
        return f"FROM (SELECT {self._facts(history)}) f CROSS JOIN {crowd} a"

    def _read_sql(self, history: Records, columns: tuple[str, ...], *, load: bool) -> str:
        """History and facts in one statement: one row at least, also when the history is empty."""
        table = self.dialect.table(history.schema, history.table)
        named = ", ".join(f"{column} AS c{i}" for i, column in enumerate(columns))
        names = ", ".join(f"h.c{i}" for i in range(len(columns)))
        return (
            f"/*NO LOAD BALANCE*/ SELECT f.*, a.*, h.present, {names} {self._from(history, load=load)}"
            f" LEFT JOIN (SELECT true AS present, pg_catalog.row_number() OVER (ORDER BY {history.order}) AS n, {named}"
            f" FROM {table}{f' WHERE {history.only}' if history.only else ''}) h ON true ORDER BY h.n"
        )

    def _hello_sql(self, history: Records, *, load: bool) -> str:
        return f"/*NO LOAD BALANCE*/ SELECT f.*, a.* {self._from(history, load=load)}"

    def locate(self, history: AnyRecords) -> AnyRecords:
        if history.schema is not None:
            return history
        return history.at(self._found or "public")

    def strangers(self, history: Records) -> tuple[str, ...]:
        literal = self.dialect.literal
        ours = ", ".join(literal(name) for name in OURS)
        rows = self.wire.send(_STRANGERS.format(schema=literal(self.locate(history).schema), ours=ours))
        return tuple(str(row[0]) for row in rows)

    def identity(self) -> str:
        sql = "SELECT system_identifier, pg_catalog.current_database() FROM pg_catalog.pg_control_system()"
        return " ".join(map(str, self.wire.send(sql)[0]))

    # ---- the turn -----------------------------------------------------------------------------------------

    def try_turn(self, history: Records) -> bool:
        key = self.locate(history).lock
        once = f"pg_catalog.pg_try_advisory_lock({key})"
        # twice: see `message.proof`. A standby has a lock space of its own, so a lock there means nothing
        free = f"CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE {once} AND {once} END"
        opening = self._opening() + self._prepare_proof(key)
        answer, deadlock = self.wire.send(f"{opening}SELECT {free}, {message.DEADLOCK_TIMEOUT}")[0]
        self.recovery = answer is None
        self._keep_below(deadlock)
        if answer:
            self._key = key
        return bool(answer)

    def _prepare_proof(self, key: int) -> str:
        """Planning the proof anew in each transaction costs the server a fifteenth of a small migration.

        Not in front of a message of scripts: each EXECUTE copies the message that it was prepared in. A name of its own,
        because a pooler that hides itself may have handed out this server connection before.
        """
        if self._proof[1] == key:
            return ""
        self._proof = f"lockmaster_{os.urandom(8).hex()}", key
        return f"PREPARE {self._proof[0]} AS {message.proof(key)}"

    def _keep_below(self, deadlock: int) -> bool:
        """Our lock_timeout ends before the server looks for deadlocks: else the application is its victim (C4)."""
        too_long = not 0 < self._limits.lock_timeout < deadlock
        if too_long:
            self._limits = self._limits._replace(lock_timeout=max(deadlock * 4 // 5, 1))
            text = f"ddl-lock-timeout is {self._limits.lock_timeout}ms: the server's deadlock_timeout is {deadlock}ms"
            self._warn(text, "with a longer one a deadlock would end the application's transaction instead of ours")
        return too_long

    def _opening(self) -> str:
        """Settings travel once, in front of the first message that needs them: no round trip of their own."""
        if self._set_up:
            return ""
        self._set_up = True
        return self._settings.session

    def release(self) -> None:
        if self._key is None:
            return
        key, self._key = self._key, None
        try:
            self.wire.send(f"SELECT pg_catalog.pg_advisory_unlock({key}), pg_catalog.pg_advisory_unlock({key})")
        except (LostConnectionError, ServerError):
            self.wire.close()  # the lock goes with the session

    def held_key(self) -> int:
        if self._key is None:
            raise LostTurnError("the turn was never taken")
        return self._key

    def holder(self, history: Records) -> str:
        return ", ".join(f"{name or 'a session'} (pid {pid})" for pid, name in self._lock_rows(history, granted=True))

    def _lock_rows(self, history: Records, *, granted: bool) -> list[tuple[Any, ...]]:
        key = self.locate(history).lock & (2**64 - 1)
        return self.wire.send(_HOLDER.format(granted=granted, high=key >> 32, low=key & 0xFFFFFFFF))

    # ---- running ------------------------------------------------------------------------------------------

    def write(self, rows: Sequence[str], *, announce: bool = False) -> None:
        key = self.held_key()
        told = message.announce(key) if announce else ""
        self.wire.send(f"{message.begin(self._limits)}{message.proof(key)}{';'.join(rows)};{told}COMMIT")
        self._check_idle()

    def run(
        self, units: Sequence[Unit], receipt: str, expected: int, *, meanwhile: Callable[[], None] | None = None
    ) -> None:
        key = self.held_key()
        name, prepared = self._proof
        short = prepared == key and not self._dropped and len(units) > 1
        proven = f"EXECUTE {name};" if short else message.proof(key)
        chunks = message.compose(units, proven, key, self._limits, self._settings, receipt)
        try:
            rows = self._converse(units, chunks, meanwhile)
        except ServerError as error:
            if error.sqlstate == _NOT_PREPARED:  # a script dropped it; what did not run goes one by one, as always
                self._dropped = True
            raise
        self._check_idle()
        if not rows or rows[0][0] != expected:
            # a message that was cut short answers as if all were well (A2)
            raise LostTurnError(f"{rows[0][0] if rows else 'none'} of {expected} records are there after the message")

    def _converse(
        self, units: Sequence[Unit], chunks: Iterable[message.Chunk], meanwhile: Callable[[], None] | None
    ) -> list[tuple[Any, ...]]:
        """Send it all: one message, or of a big script several inside the one transaction. The rows of the last one.

        The lock of the transaction, which the proof in front took, holds the turn from one to the next.
        """
        reach(Fault.MESSAGE_READY)
        for one in message.messages(chunks, self._most(units)):
            if one.passed is not None:
                self._check_open(units[0])
                reach(Fault.STATEMENT)
            try:
                self.wire.run(one.text, Fault.MESSAGE_SENT, meanwhile)
            except ServerError as error:
                self._unknown_at_commit(error)
                raise _placed(error, one) from error
            meanwhile = None
        reach(Fault.MESSAGE_ANSWERED)
        return self.wire.rows()

    def _most(self, units: Sequence[Unit]) -> int:
        """Bytes from which on another message begins: never, where the server reads text otherwise than our splitter.

        In one message nothing that a script sets changes how the rest of it is read.
        """
        strings = self.wire.connection.info.parameter_status("standard_conforming_strings")
        return message.BIG if strings == "on" and not any("lexing" in unit.notes for unit in units) else sys.maxsize

    def _check_open(self, unit: Unit) -> None:
        """Between two messages of a transaction: if it is over, the script ended it where our splitter saw nothing."""
        if self.wire.idle():
            self.wire.close()
            raise MigrationHalfDoneError(
                f"migration {unit.migration} ended Lockmaster's own transaction: a part of it is committed",
                hint="look what of it is in the database, and undo it or do the rest by hand; then:"
                f" lockmaster resolve --applied {unit.migration}, if all of it is there",
                details={"migration": unit.migration, "in the database now": "an unknown part of it, without a record"},
            )

    def _unknown_at_commit(self, error: ServerError) -> None:
        """A cancel that came between COMMIT and the receipt: what is in effect, the history will say."""
        if error.kind == "timeout" and not error.in_transaction:
            self.wire.close()
            raise LostConnectionError(f"{error.text} (at COMMIT or just behind it)") from error

    def _check_idle(self) -> None:
        if not self.wire.idle():
            self.wire.close()
            raise LostConnectionError("a transaction was left open, so the session was closed")

    def pinpoint(self, unit: Unit, passed: int = 0) -> ServerError | None:
        try:
            if not self._begin_again(unit):
                return None
            edges = (0, *(offset for offset in unit.parts if offset < passed), passed) if passed else ()
            for start, end in pairwise(edges):
                self.wire.run(unit.body[start:end])
            for statement in self.dialect.split(unit.body, passed):
                try:
                    self.wire.run(unit.body[statement.start : statement.end])
                except ServerError as error:
                    error.offset = statement.start + (error.offset or 0)
                    error.index = 0
                    return error
            return self._at_commit()
        except ServerError:
            return None
        finally:
            self._undo()

    def _begin_again(self, unit: Unit) -> bool:
        """The transaction that a unit runs in, opened by itself; False when the turn for it is not to be had."""
        begin = message.begin(self._limits, unit.modes) + message.proof(self.held_key())
        self.wire.send(begin.encode() + unit.settings)
        return True

    def _at_commit(self) -> ServerError | None:
        """What a deferred constraint says at COMMIT; it has no place in the script."""
        try:
            self.wire.send("SET CONSTRAINTS ALL IMMEDIATE")
        except ServerError as error:
            error.text, error.offset = f"{error.text} (at COMMIT)", None
            return error
        return None

    def _undo(self) -> None:
        try:
            self.wire.send("ROLLBACK")
        except (LostConnectionError, ServerError):
            self.wire.close()

    # ---- statements that refuse a transaction -------------------------------------------------------------

    def evidence(self, alone: Alone) -> str:
        self._as_script_has_it(alone)
        text = evidence.gather(self.wire, self.dialect, alone)
        self._restore(alone)
        return text

    def judge(self, alone: Alone, evidence_text: str, *, answered: bool) -> Verdict:
        self._as_script_has_it(alone)
        verdict = evidence.judge(self.wire, self.dialect, alone, evidence_text, answered=answered)
        self._restore(alone)
        return verdict

    def _as_script_has_it(self, alone: Alone) -> None:
        """Names mean what they mean to the statement."""
        if alone.settings:
            self.wire.send(alone.settings)

    def _restore(self, alone: Alone) -> None:
        if alone.settings:
            self.wire.send(self._settings.put_back)

    def run_alone(self, alone: Alone) -> None:
        """Alone in its message, so that it is in no transaction; nothing of ours stays open meanwhile (law 3).

        No lock_timeout: these waits block nobody, and each time-out would leave an INVALID index behind (C3).
        """
        key = self.held_key()
        timeout = self._limits.statement_timeout
        self.cancel_foreign_waiters(key)
        ours = f"SET lock_timeout = 0;SET statement_timeout = {timeout}"
        self.wire.send(message.proof(key).encode() + alone.settings + ours.encode())
        watcher = self._watch(self.backend, alone.migration, alone.what) if self._watch else None
        try:
            self.wire.tick = watcher.tick if watcher else None
            self.wire.run(alone.body, Fault.ALONE_SENT)
        except ServerError as error:
            error.index = 0
            self._restore(alone)
            raise
        finally:
            self.wire.tick = None
            if watcher:
                watcher.close()
        reach(Fault.ALONE_ANSWERED)
        self.wire.send(self._settings.put_back + (message.DISCARD_TEMP if alone.last else ""))

    def cancel_foreign_waiters(self, key: int) -> None:
        """A session that waits inside pg_advisory_lock for our key would deadlock a CONCURRENTLY statement (C2)."""
        unsigned = key & (2**64 - 1)
        for pid, name in self.wire.send(_HOLDER.format(granted=False, high=unsigned >> 32, low=unsigned & 0xFFFFFFFF)):
            if str(name).startswith("lockmaster/"):
                continue
            try:
                self.wire.send(f"SELECT pg_catalog.pg_cancel_backend({pid})")
                self._warn(f"cancelled {name or 'a session'} (pid {pid}), which waited inside the migration lock", _WHY)
            except ServerError as error:
                self._warn(
                    f"may not cancel {name or 'a session'} (pid {pid}), which waits inside the migration lock",
                    error.text,
                )

    def running_elsewhere(self, body: bytes) -> str:
        text = body.decode("utf-8", "replace").strip()[:200]
        rows = self.wire.send(
            "SELECT pid, application_name FROM pg_catalog.pg_stat_activity WHERE pid <> pg_catalog.pg_backend_pid()"
            " AND datname = pg_catalog.current_database() AND state <> 'idle' AND application_name NOT LIKE 'lockmaster/%'"
            f" AND pg_catalog.strpos(query, {self.dialect.literal(text)}) > 0"
        )
        return ", ".join(f"{name or 'a session'} (pid {pid})" for pid, name in rows)

    # ---- waiting ------------------------------------------------------------------------------------------

    def listen(self, history: Records) -> bool:
        """Be woken by the holder. Not beside an application that uses NOTIFY: each of its own would wake us too (C5)."""
        wanted = not self.recovery and not self._foreign
        if wanted and not self._listening:
            self.wire.send(f"{self._opening()}LISTEN {message.channel(self.locate(history).lock)}")
        elif self._listening and not wanted:
            self.wire.send("UNLISTEN *")
        self._listening = wanted
        return wanted

    def announce(self, history: Records) -> None:
        if not self.recovery:
            with suppress(LostConnectionError, ServerError):
                self.wire.send(message.announce(self.locate(history).lock))

    def sleep(self, seconds: float, wake: Sequence[Any] = ()) -> bool:
        return self.wire.sleep(seconds, wake) > 0

    def hold(self, limit: Deadline) -> None:
        self.wire.within(message.proof(self.held_key()), limit)

    def descriptors(self) -> tuple[int, ...]:
        return (int(self.wire.connection.fileno()),)

    def others(self, mark: str, limit: Deadline, *, end: bool) -> tuple[str, ...]:
        ended = ", pg_catalog.pg_terminate_backend(pid)" if end else ""
        # pg_stat_activity is the same all through a transaction, and behind a pooler we are in one; strpos, and not LIKE,
        # because a name may hold its wildcards
        rows = self.wire.within(
            "SELECT pg_catalog.pg_stat_clear_snapshot();"
            f"SELECT pid, application_name{ended} FROM pg_catalog.pg_stat_activity"
            " WHERE pid <> pg_catalog.pg_backend_pid() AND datname = pg_catalog.current_database()"
            f" AND application_name LIKE 'lockmaster/%' AND pg_catalog.strpos(application_name, {self.dialect.literal(mark)}) > 0",
            limit,
        )
        return tuple(f"{row[1]} (pid {row[0]})" for row in rows)

    def close(self) -> None:
        self.wire.close()


_WHY = "it deadlocks with CREATE INDEX CONCURRENTLY; its pod will report a lock time-out and start again"


def _placed(error: ServerError, composed: message.Message) -> ServerError:
    """The error with its place inside a unit instead of inside the message."""
    error.passed = composed.passed or 0
    if error.offset is not None:
        found = composed.locate(error.offset)
        error.index, error.offset = found or (None, None)
    return error
