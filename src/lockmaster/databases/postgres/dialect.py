"""How PostgreSQL writes things."""

from __future__ import annotations

from lockmaster.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.sql.scan import Script, Statement


class PostgresDialect:
    """Quoting that holds whatever the session's settings are, and the splitter of this dialect (loaded when used)."""

    name = "postgres"
    now = "pg_catalog.clock_timestamp()"
    begun = "pg_catalog.now()"

    def identifier(self, name: str) -> str:
        if not name or "\0" in name:
            raise UsageError(
                f"not a name that PostgreSQL can have: {name!r}",
                hint="correct --schema or --history-schema, or ?schema= of the URL",
            )
        return '"' + name.replace('"', '""') + '"'

    def literal(self, value: str | int | None) -> str:
        """`value` as SQL. A backslash makes it an E'' string, whose meaning no setting changes."""
        if value is None:
            return "NULL"
        if isinstance(value, int):
            return str(value)
        text = value.replace("\0", "\N{REPLACEMENT CHARACTER}").replace("'", "''")
        return "E'" + text.replace("\\", "\\\\") + "'" if "\\" in text else "'" + text + "'"

    def table(self, schema: str | None, name: str) -> str:
        return self.identifier(name) if schema is None else f"{self.identifier(schema)}.{self.identifier(name)}"

    def epoch(self, column: str) -> str:
        return f"""pg_catalog.to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""

    def split(self, script: bytes, start: int = 0) -> Iterator[Statement]:
        """Its statements; `start`: from this one on."""
        from lockmaster.sql import postgres

        return postgres.split(script, start)

    def parse(self, script: bytes) -> Script:
        from lockmaster.sql import postgres

        return postgres.parse(script)

    def cut_alone(self, script: bytes, parsed: Script, offset: int) -> Script:
        from lockmaster.sql import postgres

        return postgres.cut_alone(script, parsed, offset)
