"""Prisma's history table, `_prisma_migrations`, read and written as Prisma itself does (FIELD 1.1, 1.2, 1.6)."""

from __future__ import annotations

import os

from lockmaster.engine.model import Record
from lockmaster.errors import UsageError
from lockmaster.formats import rows as sql

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lockmaster.engine.model import Migration
    from lockmaster.engine.ports import Dialect

TABLE = "_prisma_migrations"
_DEFAULT_SCHEMA = {"postgres": "public", "sqlite": "main"}
# FIELD 1.1, to the blank: the column lists that the schema engine sends.
_DDL = {
    "postgres": """CREATE TABLE {table} (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)""",
    "sqlite": """CREATE TABLE {table} (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
)""",
}
_OPEN = "finished_at IS NULL AND rolled_back_at IS NULL"  # FIELD 1.2: "the whole definition of failed"
_APPLIED = "finished_at IS NOT NULL AND rolled_back_at IS NULL"
_COLUMNS = (
    "id",
    "migration_name",
    "checksum",
    f"CASE WHEN {_APPLIED} THEN 'applied' WHEN {_OPEN} THEN 'open' END",
    "applied_steps_count",
    f"CASE WHEN {_OPEN} THEN logs END",  # the log of a failure can be long, and only an open row's says anything
)


class PrismaHistory:
    """`_prisma_migrations` in one schema. Its lock is the one that Prisma's own processes take."""

    only = ""  # all rows matter

    __slots__ = ("_at", "_dialect", "_schema", "columns", "details", "lock", "order", "schema", "table")

    def __init__(self, dialect: Dialect, schema: str | None = None) -> None:
        if dialect.name not in _DDL:
            raise UsageError(f"Prisma's format on {dialect.name} is not something this version knows")
        self._dialect = dialect
        self.table = TABLE
        self._schema = schema or _DEFAULT_SCHEMA[dialect.name]
        self.schema: str | None = self._schema  # never None: what the Protocol allows is for other formats
        self._at = dialect.table(self.schema, TABLE)
        self.lock = 72707369  # FIELD 1.6: pg_advisory_lock(72707369), the same for every schema
        self.order = "started_at"  # FIELD 1.1: ORDER BY started_at ASC
        self.columns = _COLUMNS
        self.details = _COLUMNS + _times(dialect)

    def at(self, schema: str) -> PrismaHistory:
        return PrismaHistory(self._dialect, schema)

    def parse(self, rows: Sequence[Sequence[Any]]) -> tuple[Record, ...]:
        """Records of `columns` or `details`. A row that was rolled back is kept by Prisma and is none."""
        return tuple(_record(row) for row in rows if row[3])

    def create(self) -> tuple[str, ...]:
        """Prisma's own DDL, and the schema, which Prisma makes too (FIELD 1.7)."""
        table = _DDL[self._dialect.name].format(table=self._at)
        return (*sql.schema(self._dialect, self._schema), table)

    def applied(self, migration: Migration, checksum: str) -> tuple[str, ...]:
        begun, now = _moment(self._dialect, self._dialect.begun), _moment(self._dialect, self._dialect.now)
        return (self._insert(migration, checksum, finished_at=now, started_at=begun, applied_steps_count="1"),)

    def begin(self, migration: Migration, checksum: str, journal: str) -> tuple[str, ...]:
        """An open row, with the journal in `logs`: a table of ours beside Prisma's would be P3005 to it (D7)."""
        now, logs = _moment(self._dialect, self._dialect.now), self._dialect.literal(journal)
        return (self._insert(migration, checksum, logs=logs, started_at=now),)

    def progress(self, migration: Migration, journal: str) -> tuple[str, ...]:
        return self._update_open(migration, f"logs = {self._dialect.literal(journal)}")

    def finish(self, migration: Migration, checksum: str) -> tuple[str, ...]:
        """As Prisma leaves a row after success: no logs, one step (FIELD 1.2)."""
        now, text = _moment(self._dialect, self._dialect.now), self._dialect.literal(checksum)
        return self._update_open(
            migration, f"checksum = {text}, finished_at = {now}, logs = NULL, applied_steps_count = 1"
        )

    def undo(self, record: Record, log: str) -> tuple[str, ...]:
        """The row stays and says so, as after `prisma migrate resolve --rolled-back` (FIELD 1.2).

        So does every other open row of this migration: where Prisma ran without its lock, two pods can leave two.
        """
        now = _moment(self._dialect, self._dialect.now)
        change = f"UPDATE {self._at} SET rolled_back_at = {now}, logs = {self._dialect.literal(log)}"
        where = f"id = {self._dialect.literal(record.row)} AND {_OPEN}"
        others = f"{change} WHERE migration_name = {self._dialect.literal(record.id)} AND {_OPEN}"
        return (*sql.exactly_one(self._dialect, change, self._at, where, _gone(record.label)), others)

    def resolve(self, migration: Migration, checksum: str) -> tuple[str, ...]:
        """As `prisma migrate resolve --applied` (FIELD 1.2): empty logs, no steps, one moment for start and end.

        A row that failed before is marked as rolled back (mark_migration_applied.rs).
        """
        now = _moment(self._dialect, self._dialect.now)
        close = f"UPDATE {self._at} SET rolled_back_at = {now} WHERE {self._named(migration)} AND {_OPEN}"
        values = {**self._identity(migration, checksum), "logs": "''", "started_at": "at", "finished_at": "at"}
        # `now` may be a clock that goes on while it is read twice: hence the subselect.
        mark = (
            f"INSERT INTO {self._at} ({', '.join(values)})"
            f" SELECT {', '.join(values.values())} FROM (SELECT {now} AS at) AS moment"
        )
        return (close, mark)

    def count(self, migrations: Sequence[Migration]) -> str:
        names = ", ".join(self._dialect.literal(migration.id) for migration in migrations) or "NULL"
        return f"SELECT count(DISTINCT migration_name) FROM {self._at} WHERE migration_name IN ({names}) AND {_APPLIED}"

    def _insert(self, migration: Migration, checksum: str, **values: str) -> str:
        return sql.insert(self._at, {**self._identity(migration, checksum), **values})

    def _identity(self, migration: Migration, checksum: str) -> dict[str, str]:
        literal = self._dialect.literal
        return {"id": literal(_uuid()), "checksum": literal(checksum), "migration_name": literal(migration.id)}

    def _update_open(self, migration: Migration, assignments: str) -> tuple[str, ...]:
        change, where = f"UPDATE {self._at} SET {assignments}", f"{self._named(migration)} AND {_OPEN}"
        return sql.exactly_one(self._dialect, change, self._at, where, _gone(migration.label))

    def _named(self, migration: Migration) -> str:
        return f"migration_name = {self._dialect.literal(migration.id)}"


def _record(row: Sequence[Any]) -> Record:
    ident, name, checksum, state, steps, logs, *times = row
    started, finished, seconds = times or ("", "", None)
    return Record(
        id=name,
        label=name,
        checksum=checksum,
        state=state,
        row=ident,
        steps=int(steps),
        journal=logs or "",
        started_at=started or "",
        applied_at=finished or "",
        seconds=None if seconds is None else round(float(seconds), 3),
    )


def _gone(label: str) -> str:
    return f"there is not exactly one open record of {label}"


def _uuid() -> str:
    """A random UUID, version 4 (FIELD 1.2). The `uuid` module would be loaded for this one line."""
    bits = bytearray(os.urandom(16))
    bits[6] = bits[6] & 0x0F | 0x40
    bits[8] = bits[8] & 0x3F | 0x80
    text = bits.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


# -- times --
# PostgreSQL has a type for them. In SQLite Prisma's engine binds integers, milliseconds since 1970 (quaint,
# connector/sqlite/native/conversion.rs: `timestamp_millis()`), and reads integers or text (`%Y-%m-%d %H:%M:%S`,
# RFC 3339, RFC 2822); text is what the column's default, current_timestamp, leaves. We write integers and read both.


def _moment(dialect: Dialect, expression: str) -> str:
    """A time of the dialect as a value of this table."""
    if dialect.name != "sqlite":
        return expression
    return f"CAST(strftime('%s', {expression}) || substr(strftime('%f', {expression}), 4) AS INTEGER)"


def _times(dialect: Dialect) -> tuple[str, ...]:
    """Columns of `details`: start and end in ISO 8601, and the seconds in between."""
    seconds = "CAST(EXTRACT(EPOCH FROM finished_at - started_at) AS double precision)"
    if dialect.name == "sqlite":
        seconds = f"({_julian('finished_at')} - {_julian('started_at')}) * 86400.0"
    return (dialect.epoch("started_at"), dialect.epoch("finished_at"), seconds)


def _julian(column: str) -> str:
    return f"CASE typeof({column}) WHEN 'integer' THEN {column} / 86400000.0 + 2440587.5 ELSE julianday({column}) END"
