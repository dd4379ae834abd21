"""Reading the file: history and table names. Never creates it; a missing one has no history."""

from __future__ import annotations

from lockmaster.clock import Deadline, pauses
from lockmaster.databases.sqlite.dialect import SqliteDialect
from lockmaster.engine.failures import ServerError
from lockmaster.errors import UnreachableError
from lockmaster.events import Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.clock import Clock
    from lockmaster.databases.sqlite.wire import Rows, Wire
    from lockmaster.engine.ports import Records
    from lockmaster.events import Emit

# Left out: tables of SQLite, of what copies or hosts its files (Litestream, D1, libSQL), and of our formats.
_STRANGERS = """
SELECT name FROM main.sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'
AND name NOT GLOB '_litestream*' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'libsql_*'
AND name NOT IN ('_prisma_migrations', 'lockmaster_history', {ours}) ORDER BY name LIMIT 10"""
_TELL_EVERY = 1.0  # seconds


class Reader:
    """Queries that wait, outside SQLite, while somebody else has the file (Prisma, VACUUM, a COMMIT)."""

    def __init__(self, wire: Wire, *, clock: Clock, emit: Emit, wait: float | None) -> None:
        self._wire = wire
        self._clock = clock
        self._emit = emit
        self._wait = wait
        self._dialect = SqliteDialect()

    def history(self, history: Records, *, details: bool = False) -> Rows | None:
        """The rows of the history as it is now, None without the table."""
        columns = ", ".join(history.details if details else history.columns)
        table = self._dialect.table(history.schema, history.table)
        try:
            where = f" WHERE {history.only}" if history.only else ""
            return self._query(f"SELECT {columns} FROM {table}{where} ORDER BY {history.order}")
        except ServerError as error:
            if not (error.text.startswith("no such table: ") and error.text.endswith(history.table)):
                raise
            return None

    def strangers(self, history: Records) -> tuple[str, ...]:
        """Names of tables and views that are nobody's bookkeeping, at most ten."""
        rows = self._query(_STRANGERS.format(ours=self._dialect.literal(history.table)))
        return tuple(str(row[0]) for row in rows or [])

    def _query(self, sql: str) -> Rows | None:
        """The rows; None without a file. Raises UnreachableError when somebody has the file for too long."""
        limit = Deadline(self._clock, self._wait)
        told = started = self._clock.now()
        for pause in pauses(0.01, 0.25):
            if not self._wire.in_transaction and not self._wire.place.exists():
                self._wire.close()
                return None
            try:
                return self._wire.read(sql)
            except ServerError as error:
                if error.kind != "busy":
                    raise
                if limit.over():
                    raise self._locked() from error
            now = self._clock.now()
            if now - told >= _TELL_EVERY:
                told = now
                self._emit(Waiting("database", "another process has locked the file", now - started, self._wait))
            self._wire.pause(min(pause, limit.left()))
        raise AssertionError  # pauses never end

    def _locked(self) -> UnreachableError:
        hint = "a migration or a VACUUM may be running; --wait-for-database waits longer"
        return UnreachableError(f"{self._wire.place} is locked by another process", hint=hint)
