"""`lockmaster_history`: one row per migration, to be read by people and extended by later versions.

    version             7, 20260102150405; NULL for repeatable migrations
    name                the file without .sql: 0007_add_users
    kind                versioned, repeatable, or baseline (marked as applied, never run by us)
    sha256              of the file as it was run
    started_at          when its first transaction began
    applied_at          when it was in effect; NULL while it is unfinished
    duration_ms         between the two; NULL for what was not run
    applied_by          database user and pod: app@shop-7c9f-x2x1b
    lockmaster_version  that wrote the row
    journal             what has been done so far; NULL when finished

Two unique indexes are a net under "once": a version has one row, and so has a repeatable migration. Every statement
names its columns, so that a later version may add some.
"""

from __future__ import annotations

from lockmaster.engine.model import Record
from lockmaster.errors import UsageError
from lockmaster.formats import digest
from lockmaster.formats import rows as sql

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lockmaster.engine.model import Migration
    from lockmaster.engine.ports import Dialect

TABLE = "lockmaster_history"
REPEATABLE = "repeatable/"  # ids and labels of repeatable migrations begin so
_DEFAULT_SCHEMA = {"postgres": "public", "sqlite": "main"}
_TYPES = {  # integers of 64 bits, text, times
    "postgres": {"number": "bigint", "text": "text", "time": "timestamptz"},
    "sqlite": {"number": "INTEGER", "text": "TEXT", "time": "TEXT"},
}
_DDL = """CREATE TABLE {table} (
    version             {number},
    name                {text} NOT NULL,
    kind                {text} NOT NULL,
    sha256              {text} NOT NULL,
    started_at          {time} NOT NULL,
    applied_at          {time},
    duration_ms         {number},
    applied_by          {text} NOT NULL,
    lockmaster_version  {text} NOT NULL,
    journal             {text}
)"""
_COLUMNS = (
    "CAST(version AS {text})",
    "name",
    "kind",
    "sha256",
    "CASE WHEN applied_at IS NULL THEN 'open' ELSE 'applied' END",
    "CASE WHEN applied_at IS NULL THEN journal END",
)
_PUBLIC = ("public", 8797427540306348812)  # lock_id("public"), which most starts need and none should compute


def lock_id(schema: str) -> int:
    """The advisory lock of the history in this schema: a positive bigint that never changes.

    The first 8 bytes of SHA-256 over `SCHEMA.lockmaster_history`, big-endian, without the highest bit. So
    "public" is 8797427540306348812, and "main" 8940794452873570280.
    """
    if schema == _PUBLIC[0]:
        return _PUBLIC[1]
    return int.from_bytes(digest.sha256(f"{schema}.{TABLE}".encode())[:8], "big") & 0x7FFF_FFFF_FFFF_FFFF


class NativeHistory:
    """`lockmaster_history`. `schema=None` is where the search path finds it; `at` says where that was.

    `pod` and `version` are written into `applied_by` and `lockmaster_version`.
    """

    only = ""  # all rows matter

    __slots__ = ("_at", "_dialect", "_pod", "_version", "columns", "details", "lock", "order", "schema", "table")

    def __init__(self, dialect: Dialect, schema: str | None = None, *, pod: str = "", version: str = "") -> None:
        if dialect.name not in _TYPES:
            raise UsageError(f"the native format on {dialect.name} is not something this version knows")
        self._dialect = dialect
        self._pod = pod
        self._version = version
        self.table = TABLE
        self.schema = schema
        self._at = dialect.table(schema, TABLE)
        self.lock = lock_id(schema or _DEFAULT_SCHEMA[dialect.name])
        self.order = "started_at, version"
        self.columns = tuple(column.format(**_TYPES[dialect.name]) for column in _COLUMNS)
        times = (dialect.epoch("started_at"), dialect.epoch("applied_at"))
        self.details = (*self.columns, *times, "duration_ms", "applied_by")

    def at(self, schema: str) -> NativeHistory:
        return NativeHistory(self._dialect, schema, pod=self._pod, version=self._version)

    def parse(self, rows: Sequence[Sequence[Any]]) -> tuple[Record, ...]:
        """Records of `columns` or `details`. Rows of a kind that only a newer Lockmaster knows are left alone."""
        return tuple(_record(row) for row in rows if row[0] is not None or row[2] == "repeatable")

    def create(self) -> tuple[str, ...]:
        """The table and its indexes; where no schema was named, in the default one."""
        if self.schema is None:
            return self.at(_DEFAULT_SCHEMA[self._dialect.name]).create()
        table = _DDL.format(table=self._at, **_TYPES[self._dialect.name])
        return (
            *sql.schema(self._dialect, self.schema),
            table,
            self._unique("version", "version", "version IS NOT NULL"),
            self._unique("repeatable", "name", "kind = 'repeatable'"),
        )

    def applied(self, migration: Migration, checksum: str) -> tuple[str, ...]:
        """One row. A repeatable migration's earlier row gives way to it."""
        begun, now = self._dialect.begun, self._dialect.now
        took = self._elapsed(begun, now)
        insert = self._insert(migration, checksum, started_at=begun, applied_at=now, duration_ms=took)
        return (*self._replaced(migration), insert)

    def begin(self, migration: Migration, checksum: str, journal: str) -> tuple[str, ...]:
        text = self._dialect.literal(journal)
        insert = self._insert(migration, checksum, started_at=self._dialect.now, journal=text)
        return (*self._replaced(migration), insert)

    def progress(self, migration: Migration, journal: str) -> tuple[str, ...]:
        return self._open(f"UPDATE {self._at} SET journal = {self._dialect.literal(journal)}", migration)

    def finish(self, migration: Migration, checksum: str) -> tuple[str, ...]:
        now, text = self._dialect.now, self._dialect.literal(checksum)
        took = self._elapsed("started_at", now)
        change = f"sha256 = {text}, applied_at = {now}, duration_ms = {took}, journal = NULL"
        return self._open(f"UPDATE {self._at} SET {change}", migration)

    def undo(self, record: Record, log: str) -> tuple[str, ...]:  # noqa: ARG002 - there is no row left to hold it
        """The open row is deleted: nothing of it remains, as if it had never begun."""
        return self._open(f"DELETE FROM {self._at}", record)

    def resolve(self, migration: Migration, checksum: str) -> tuple[str, ...]:
        """A row of kind `baseline`, without a duration: it was not run. An open row of this migration goes."""
        now = self._dialect.now
        where = self._where(migration) if migration.repeatable else f"{self._where(migration)} AND applied_at IS NULL"
        kind = "repeatable" if migration.repeatable else "baseline"
        insert = self._insert(migration, checksum, kind=f"'{kind}'", started_at=now, applied_at=now)
        return (f"DELETE FROM {self._at} WHERE {where}", insert)

    def count(self, migrations: Sequence[Migration]) -> str:
        """Applied rows among these. For a repeatable migration that says little: its earlier row counts as well."""
        versions = ", ".join(str(int(one.id)) for one in migrations if not one.repeatable) or "NULL"
        names = ", ".join(self._name(one) for one in migrations if one.repeatable) or "NULL"
        among = f"version IN ({versions}) OR kind = 'repeatable' AND name IN ({names})"
        return f"SELECT count(*) FROM {self._at} WHERE applied_at IS NOT NULL AND ({among})"

    def _insert(self, migration: Migration, checksum: str, **values: str) -> str:
        literal = self._dialect.literal
        identity = {
            "version": "NULL" if migration.repeatable else literal(int(migration.id)),
            "name": self._name(migration),
            "kind": "'repeatable'" if migration.repeatable else "'versioned'",
            "sha256": literal(checksum),
            "applied_by": self._who(),
            "lockmaster_version": literal(self._version),
        }
        return sql.insert(self._at, {**identity, **values})

    def _replaced(self, migration: Migration) -> tuple[str, ...]:
        # DELETE and INSERT rather than ON CONFLICT: every database has them, and a versioned row is never replaced.
        return (f"DELETE FROM {self._at} WHERE {self._where(migration)}",) if migration.repeatable else ()

    def _open(self, change: str, one: Migration | Record) -> tuple[str, ...]:
        where = f"{self._where(one)} AND applied_at IS NULL"
        return sql.exactly_one(
            self._dialect, change, self._at, where, f"there is not exactly one open record of {one.label}"
        )

    def _name(self, one: Migration | Record) -> str:
        return self._dialect.literal(one.label.removeprefix(REPEATABLE) if one.repeatable else one.label)

    def _where(self, one: Migration | Record) -> str:
        if one.repeatable:
            return f"kind = 'repeatable' AND name = {self._name(one)}"
        return f"version = {int(one.id)}"

    def _who(self) -> str:
        if self._dialect.name == "sqlite":
            return self._dialect.literal(self._pod)
        user = "CAST(current_user AS text)"
        return f"{user} || {self._dialect.literal('@' + self._pod)}" if self._pod else user

    def _elapsed(self, start: str, end: str) -> str:
        """SQL for the milliseconds between two times of the dialect."""
        if self._dialect.name == "sqlite":
            return f"CAST(round((julianday({end}) - julianday({start})) * 86400000) AS INTEGER)"
        return f"CAST(EXTRACT(EPOCH FROM {end} - {start}) * 1000 AS bigint)"

    def _unique(self, suffix: str, column: str, where: str) -> str:
        name = f"{TABLE}_{suffix}"
        if self._dialect.name == "sqlite":  # where the index carries the schema, and the table may not
            index, table = self._dialect.table(self.schema, name), self._dialect.identifier(TABLE)
        else:
            index, table = self._dialect.identifier(name), self._at
        return f"CREATE UNIQUE INDEX {index} ON {table} ({column}) WHERE {where}"


def _record(row: Sequence[Any]) -> Record:
    version, name, kind, sha256, state, journal, *shown = row
    started, applied, duration, who = shown or ("", "", None, "")
    repeatable = kind == "repeatable"
    label = REPEATABLE + name if repeatable else name
    return Record(
        id=label if repeatable else version,
        label=label,
        checksum=sha256,
        state=state,
        row=label if repeatable else version,
        journal=journal or "",
        repeatable=repeatable,
        started_at=started or "",
        applied_at=applied or "",
        seconds=None if duration is None else int(duration) / 1000,
        applied_by=who,
    )
