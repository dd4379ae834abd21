"""How SQLite writes things."""

from __future__ import annotations

from lockmaster.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.sql.scan import Script, Statement

ISO = "%Y-%m-%dT%H:%M:%fZ"


class SqliteDialect:
    """Quoting, time as ISO 8601 text in UTC with milliseconds, and the splitter (loaded when used)."""

    name = "sqlite"
    now = f"strftime('{ISO}', 'now')"
    begun = "lockmaster_begun()"  # a function of our connections (`wire`): SQLite has no time of a transaction

    def identifier(self, name: str) -> str:
        if not name or "\0" in name:
            raise UsageError(f"not a name that SQLite can have: {name!r}", hint="correct --schema or --history-schema")
        return '"' + name.replace('"', '""') + '"'

    def literal(self, value: str | int | None) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, int):
            return str(value)
        return "'" + value.replace("\0", "\N{REPLACEMENT CHARACTER}").replace("'", "''") + "'"

    def table(self, schema: str | None, name: str) -> str:
        """Always with its schema: a script's temporary table of this name would stand in front of ours."""
        return f"{self.identifier(schema or 'main')}.{self.identifier(name)}"

    def epoch(self, column: str) -> str:
        """Prisma stores milliseconds, others text in several shapes; what is neither is shown as it is."""
        return (
            f"CASE typeof({column}) WHEN 'integer' THEN strftime('{ISO}', {column} / 1000.0, 'unixepoch')"
            f" ELSE coalesce(strftime('{ISO}', {column}), {column}) END"
        )

    def split(self, script: bytes) -> Iterator[Statement]:
        from lockmaster.sql import sqlite

        return sqlite.split(script)

    def parse(self, script: bytes) -> Script:
        from lockmaster.sql import sqlite

        return sqlite.parse(script)

    def cut_alone(self, script: bytes, parsed: Script, offset: int) -> Script:
        from lockmaster.databases.sqlite.cutting import cut_alone

        return cut_alone(script, parsed, offset, self.split(script))
