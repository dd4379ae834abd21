"""The few shapes of SQL in which all histories are written. Values come quoted, names as they are in the table."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockmaster.engine.ports import Dialect


def insert(table: str, values: Mapping[str, str]) -> str:
    """INSERT with its columns named, so that a later version may have added some."""
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"


def schema(dialect: Dialect, name: str) -> tuple[str, ...]:
    """Statements that make the schema where it is missing; none for one that is always there.

    CREATE SCHEMA IF NOT EXISTS alone would ask for a privilege on the database even where the schema exists.
    """
    if dialect.name == "sqlite" or name == "public":
        return ()
    there = f"SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = CAST({dialect.literal(name)} AS name)"
    make = f"CREATE SCHEMA IF NOT EXISTS {dialect.identifier(name)}"
    return ("DO " + dialect.literal(f"BEGIN IF NOT EXISTS ({there}) THEN {make}; END IF; END"),)


def exactly_one(dialect: Dialect, change: str, table: str, where: str, gone: str) -> tuple[str, ...]:
    """Statements that do `change` (an UPDATE or DELETE of `table`) to the one row of `where`, or fail in the database.

    They fail there, and not by a count that we read, because the rest of their transaction must not commit either.
    `gone` is the text of the failure.
    """
    statement = f"{change} WHERE {where}"
    if dialect.name == "sqlite":
        # SQLite cannot raise an error with a text outside of triggers. abs() of the smallest integer is documented to
        # be an error, always; the count stands in its argument because constants may be computed early.
        guard = f"SELECT abs(-9223372036854775807 - (count(*) <> 1)) FROM {table} WHERE {where}"
        return (guard, statement)
    # The cast of the text is what fails: 22P02, and the server's message quotes `gone`.
    text = dialect.literal("lockmaster: " + gone)
    guarded = (
        f"WITH touched AS ({statement} RETURNING 1)"
        f" SELECT CAST(CASE count(*) WHEN 1 THEN '1' ELSE {text} END AS integer) FROM touched"
    )
    return (guarded,)
