"""What became of a statement that refuses a transaction: decided by the catalog, never by guess (PROTOCOL-FACTS A6).

Before such a statement the journal keeps what the catalog showed; after a crash, an error, and also after success, the
catalog is compared with that. Each kind of statement has its rule in `judge`.
"""

from __future__ import annotations

import json

from lockmaster.databases.postgres import existence
from lockmaster.engine.failures import ServerError
from lockmaster.engine.model import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lockmaster.databases.postgres.dialect import PostgresDialect
    from lockmaster.databases.postgres.wire import Wire
    from lockmaster.engine.model import Alone

# Repeating these does no harm, and a half-done one leaves nothing that a repeat does not replace. ALTER DATABASE SET
# TABLESPACE is one of them: where the database is there already, the server does nothing and disturbs nobody.
_REPEATABLE = frozenset({"vacuum", "cluster", "alter-system", "alter-database", "discard-all", "reindex"})
# Somebody builds an index of this table. Which one is hidden from a role that is not theirs; pids and locks are not.
_BEING_BUILT = """EXISTS (
       SELECT FROM pg_catalog.pg_stat_progress_create_index p JOIN pg_catalog.pg_locks l USING (pid)
       WHERE l.locktype = 'relation' AND l.granted AND l.relation = i.indrelid AND l.database = p.datid
       AND p.datname = pg_catalog.current_database())"""
_INDEXES = f"""
SELECT i.indexrelid::pg_catalog.int8, n.nspname, c.relname, i.indisvalid, {_BEING_BUILT}
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.indrelid = pg_catalog.to_regclass({{table}}) ORDER BY 1"""
_ALL_INVALID = f"""
SELECT i.indexrelid::pg_catalog.int8, n.nspname, c.relname, i.indisvalid, {_BEING_BUILT}
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid ORDER BY 1"""


def _indexes(wire: Wire, dialect: PostgresDialect, alone: Alone) -> list[list[Any]]:
    sql = _INDEXES.format(table=existence.relation(dialect, alone.table)) if alone.table else _ALL_INVALID
    return [list(row) for row in wire.send(sql)]


def gather(wire: Wire, dialect: PostgresDialect, alone: Alone) -> str:
    """The catalog's state that `judge` will compare with, as JSON."""
    if alone.what in {"create-index-concurrently", "reindex"}:
        return json.dumps({"indexes": [row[:4] for row in _indexes(wire, dialect, alone)]})
    return json.dumps({"found": existence.gather(wire, dialect, alone)} if existence.knows(alone) else {})


def judge(wire: Wire, dialect: PostgresDialect, alone: Alone, text: str, *, answered: bool) -> Verdict:
    """Done, to be run again, or a person's matter. Drops what is INVALID, new, and built by nobody: it is ours."""
    before = json.loads(text) if text else {}
    if alone.what == "create-index-concurrently":
        return _judge_create_index(wire, dialect, alone, before.get("indexes", []), answered=answered)
    if alone.what == "reindex":
        _drop(wire, dialect, _leftovers(wire, dialect, alone, before.get("indexes", [])))
    if answered:
        return Verdict("done", f"{alone.what} was answered")
    if alone.what in _REPEATABLE:
        return Verdict("again", f"{alone.what} can be repeated")
    if existence.knows(alone) and "found" in before:
        return existence.judge(wire, dialect, alone, before["found"])
    return Verdict("person", f"nothing shows whether this {alone.what} took effect")


def _judge_create_index(
    wire: Wire, dialect: PostgresDialect, alone: Alone, before: list[list[Any]], *, answered: bool
) -> Verdict:
    known = {row[0]: row for row in before}
    rows = _indexes(wire, dialect, alone)
    name = alone.name[-1] if alone.name else ""
    new = [row for row in rows if row[0] not in known and (row[2] == name if name else _is_server_named(row[2], alone))]
    if any(row[3] for row in new):
        _drop(wire, dialect, [row for row in new if not row[3]])
        return Verdict("done", "the index is there and valid")
    same = [row for row in rows if row[0] in known and row[2] == name]
    if same and not same[0][3]:
        full = f"{dialect.table(same[0][1], same[0][2])}"
        return Verdict(
            "person", f"an INVALID index {full} was there before this migration", f"DROP INDEX CONCURRENTLY {full};"
        )
    if same and (answered or alone.if_exists):
        return Verdict("done", "the index was there before, and is valid")
    if answered and not new:
        return Verdict("done", "the server skipped it: something else has this name")
    _drop(wire, dialect, new)
    return Verdict("again", "an INVALID index of ours was dropped" if new else "no index was made")


def _is_server_named(index: str, alone: Alone) -> bool:
    """Whether an index can have got this name for want of one: `<table>_<columns>_idx`, a number, each part cut to fit."""
    table = alone.table[-1].encode()[:24] if alone.table else b""
    return index.rstrip("0123456789").endswith("_idx") and index.encode().startswith(table)


def _leftovers(wire: Wire, dialect: PostgresDialect, alone: Alone, before: list[list[Any]]) -> list[list[Any]]:
    """What an interrupted REINDEX CONCURRENTLY leaves: `x_ccnew`, `x_ccold`, with a number from the second on."""
    known = {row[0] for row in before}
    return [
        row for row in _indexes(wire, dialect, alone)
        if not row[3] and row[0] not in known and row[2].rstrip("0123456789").endswith(("_ccnew", "_ccold"))
    ]  # fmt: skip


def _drop(wire: Wire, dialect: PostgresDialect, rows: list[list[Any]]) -> None:
    for row in rows:
        if row[4]:
            raise ServerError(f"somebody is building an index beside {row[2]}", kind="busy", sqlstate="55006")
        # as for every statement of this kind: its wait blocks nobody, and a role's limits would end it each time (C3)
        wire.send("SET lock_timeout = 0;SET statement_timeout = 0")
        wire.send(f"DROP INDEX CONCURRENTLY {dialect.table(row[1], row[2])}")
        wire.send("RESET lock_timeout;RESET statement_timeout")
