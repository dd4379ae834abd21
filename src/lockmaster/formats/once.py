"""`lockmaster_once`: which commands were done, by key. To be read by people and extended by later versions.

    key                 what `exec --once` was told, or made of folders: text, at most a page long
    command             what was run, without secrets
    done_at             when it had ended well
    duration_ms         how long it took
    done_by             database user and pod: app@shop-7c9f-x2x1b
    lockmaster_version  that wrote the row

On PostgreSQL it lives in a schema of its own, `lockmaster`: a table among the application's would be drift to the tools
that compare schemas (`prisma migrate dev`), and in an empty schema it would make real Prisma fail with P3005.
"""

from __future__ import annotations

from lockmaster.engine.model import Record
from lockmaster.formats import digest
from lockmaster.formats import rows as sql

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lockmaster.engine.ports import Dialect

TABLE = "lockmaster_once"
SCHEMA = "lockmaster"
_TYPES = {
    "postgres": {"number": "bigint", "text": "text", "time": "timestamptz"},
    "sqlite": {"number": "INTEGER", "text": "TEXT", "time": "TEXT"},
}
_DDL = """CREATE TABLE {table} (
    key                 {text} PRIMARY KEY NOT NULL,
    command             {text} NOT NULL,
    done_at             {time} NOT NULL,
    duration_ms         {number} NOT NULL,
    done_by             {text} NOT NULL,
    lockmaster_version  {text} NOT NULL
)"""


def lock_id(place: str) -> int:
    """The advisory lock of all commands that are recorded in this place. No tool's own: they do not exclude each other.

    The first 8 bytes of SHA-256 over `exec SCHEMA.lockmaster_once`, big-endian, without the highest bit.
    """
    return int.from_bytes(digest.sha256(f"exec {place}.{TABLE}".encode())[:8], "big") & 0x7FFF_FFFF_FFFF_FFFF


class OnceHistory:
    """See `engine.ports.Records`, and `record`. For one key: at most one record."""

    def __init__(
        self, dialect: Dialect, key: str, schema: str | None = None, *, pod: str = "", version: str = ""
    ) -> None:
        self._dialect, self._pod, self._version = dialect, pod, version
        self.key = key
        self.table = TABLE
        self.schema: str | None = (schema or SCHEMA) if dialect.name == "postgres" else None
        self.lock = lock_id(self.schema or "main")
        self.order = "key"
        self.only = f"key = {dialect.literal(key)}"
        self.columns: tuple[str, ...] = ("key",)
        self.details: tuple[str, ...] = ("key", "command", dialect.epoch("done_at"), "duration_ms", "done_by")
        self._at = dialect.table(self.schema, TABLE)

    def at(self, schema: str) -> OnceHistory:
        return OnceHistory(self._dialect, self.key, schema, pod=self._pod, version=self._version)

    def parse(self, rows: Sequence[Sequence[Any]]) -> tuple[Record, ...]:
        return tuple(Record(id=row[0], label=row[0], checksum="", state="applied") for row in rows)

    def create(self) -> tuple[str, ...]:
        """The table, in its schema."""
        made = sql.schema(self._dialect, self.schema) if self.schema else ()
        return (*made, _DDL.format(table=self._at, **_TYPES[self._dialect.name]))

    def record(self, command: str, seconds: float) -> tuple[str, ...]:
        """The row. One that is there already gives way: the command has run once more."""
        literal = self._dialect.literal
        values = {
            "key": literal(self.key),
            "command": literal(command),
            "done_at": self._dialect.now,
            "duration_ms": literal(round(seconds * 1000)),
            "done_by": self._who(),
            "lockmaster_version": literal(self._version),
        }
        return (f"DELETE FROM {self._at} WHERE {self.only}", sql.insert(self._at, values))

    def _who(self) -> str:
        if self._dialect.name == "sqlite":
            return self._dialect.literal(self._pod)
        user = "CAST(current_user AS text)"
        return f"{user} || {self._dialect.literal('@' + self._pod)}" if self._pod else user
