"""Statements that make, drop or detach a thing with a name: the catalog says whether it is the same as before.

Guarantee: the journal holds which thing had the name before the statement (its oid, not only that there was one). A
statement is "done" only when exactly what it does has happened to the name; it is run again when nothing has, and then
the server's own error is the answer if it could not have worked the first time either. Whatever else happened is a
person's matter: nothing that was made meanwhile is dropped, and no other's thing is taken for ours.

Assumed: between the reading of the evidence and the recovery nobody else makes or drops a thing of that very name. The
turn keeps other migrations of this history away, but databases and tablespaces belong to the whole server, and nothing
in the catalog says who made one. Where the statement was answered by an error, nothing is assumed (`engine.apply`).

Each of these statements is one transaction of the server, so an interrupted one has left nothing, with these exceptions:
- DROP DATABASE marks the database as invalid first (datconnlimit -2): only another DROP can be done to it. It is run again.
- DETACH PARTITION CONCURRENTLY marks the partition first; what began is brought to its end by FINALIZE.
- CREATE and DROP SUBSCRIPTION work on the publisher, too, which is out of sight: a slot that was made there and not
  recorded here, or dropped there and still recorded, makes the repeat fail, and the server's error names the slot.
"""

from __future__ import annotations

from lockmaster.engine.model import Verdict
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lockmaster.databases.postgres.dialect import PostgresDialect
    from lockmaster.databases.postgres.wire import Wire
    from lockmaster.engine.model import Alone

_INVALID, _PENDING = "invalid", "pending"
# each gives the oid and the state of what has the name; no row when nothing has it
_DATABASE = f"""SELECT oid::pg_catalog.int8, CASE WHEN datconnlimit = -2 THEN '{_INVALID}' ELSE '' END
FROM pg_catalog.pg_database WHERE datname = {{name}}"""
_TABLESPACE = "SELECT oid::pg_catalog.int8, '' FROM pg_catalog.pg_tablespace WHERE spcname = {name}"
_SUBSCRIPTION = """SELECT oid::pg_catalog.int8, subpublications::text FROM pg_catalog.pg_subscription
WHERE subname = {name}
AND subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"""
_INDEX = "SELECT oid::pg_catalog.int8, '' FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass({relation})"
# by way of jsonb, because before 14 there is no such column (and no such statement)
_PARTITION = f"""SELECT inhrelid::pg_catalog.int8,
CASE WHEN pg_catalog.to_jsonb(i) ->> 'inhdetachpending' = 'true' THEN '{_PENDING}' ELSE '' END
FROM pg_catalog.pg_inherits i
WHERE inhparent = pg_catalog.to_regclass({{parent}}) AND inhrelid = pg_catalog.to_regclass({{relation}})"""


class Found(NamedTuple):
    """What has the name."""

    oid: int
    state: str


def knows(alone: Alone) -> bool:
    """Whether there is a rule for this statement."""
    return alone.what in _RULES and bool(alone.name)


def gather(wire: Wire, dialect: PostgresDialect, alone: Alone) -> Found | None:
    """What has the name now; None when nothing has."""
    query, _ = _RULES[alone.what]
    rows = wire.send(
        query.format(
            name=dialect.literal(alone.name[-1]),
            relation=relation(dialect, alone.name),
            parent=relation(dialect, alone.table),
        )
    )
    return Found(int(rows[0][0]), str(rows[0][1])) if rows else None


def relation(dialect: PostgresDialect, name: tuple[str, ...]) -> str:
    """The name as to_regclass wants it: where it leads is for the search path to say, as for the statement."""
    return dialect.literal(_written(dialect, name))


def judge(wire: Wire, dialect: PostgresDialect, alone: Alone, before: list[Any] | None) -> Verdict:
    """What became of the statement, by what had the name before and what has it now."""
    _, rule = _RULES[alone.what]
    now = gather(wire, dialect, alone)
    if alone.what == "detach-concurrently" and now and now.state == _PENDING and before == [now.oid, ""]:
        return _finalize(wire, dialect, alone)
    return rule(dialect, alone, Found(*before) if before else None, now)


def _created(dialect: PostgresDialect, alone: Alone, before: Found | None, now: Found | None) -> Verdict:
    if now is None or (before and before.oid == now.oid):
        return _again(alone)
    if before:
        return Verdict("person", f"{_name(alone)} is another one than before this statement")
    if now.state == _INVALID:
        drop = f"DROP DATABASE {dialect.identifier(alone.name[-1])};"
        return Verdict("person", f"{_name(alone)} is there, and invalid: somebody's DROP of it was interrupted", drop)
    return _done(alone)


def _gone(dialect: PostgresDialect, alone: Alone, before: Found | None, now: Found | None) -> Verdict:  # noqa: ARG001
    if before is None and now is not None:
        return Verdict("person", f"{_name(alone)} was not there before this statement, and is now")
    if before and (now is None or now.oid != before.oid):
        return _done(alone)
    return _again(alone)


def _changed(dialect: PostgresDialect, alone: Alone, before: Found | None, now: Found | None) -> Verdict:  # noqa: ARG001
    if before and now and before.oid == now.oid and before.state != now.state:
        return _done(alone)
    return _again(alone)


def _finalize(wire: Wire, dialect: PostgresDialect, alone: Alone) -> Verdict:
    """Ours, half-made: DETACH itself would refuse it now. FINALIZE waits for the same sessions as the statement did."""
    parent, partition = _written(dialect, alone.table), _written(dialect, alone.name)
    wire.send("SET lock_timeout = 0;SET statement_timeout = 0")
    wire.send(f"ALTER TABLE {parent} DETACH PARTITION {partition} FINALIZE")
    wire.send("RESET lock_timeout;RESET statement_timeout")
    return Verdict("done", f"{_name(alone)} was half detached; that was finalized")


def _done(alone: Alone) -> Verdict:
    return Verdict("done", f"{alone.what} has taken effect")


def _again(alone: Alone) -> Verdict:
    return Verdict("again", f"{alone.what} has not taken effect")


def _name(alone: Alone) -> str:
    return f"{alone.what.split('-')[1] if alone.what != 'detach-concurrently' else 'partition'} {'.'.join(alone.name)}"


def _written(dialect: PostgresDialect, name: tuple[str, ...]) -> str:
    return ".".join(dialect.identifier(part) for part in name)


_Rule = tuple[str, "Callable[[PostgresDialect, Alone, Found | None, Found | None], Verdict]"]
_RULES: dict[str, _Rule] = {
    "create-database": (_DATABASE, _created),
    "drop-database": (_DATABASE, _gone),
    "create-tablespace": (_TABLESPACE, _created),
    "drop-tablespace": (_TABLESPACE, _gone),
    "create-subscription": (_SUBSCRIPTION, _created),
    "drop-subscription": (_SUBSCRIPTION, _gone),
    "alter-subscription": (_SUBSCRIPTION, _changed),
    "drop-index-concurrently": (_INDEX, _gone),
    "detach-concurrently": (_PARTITION, _gone),
}
