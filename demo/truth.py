"""What the database itself says: for the board while it runs, and for the verdict at the end."""

from __future__ import annotations

from contextlib import closing
from typing import Any, NamedTuple

import psycopg2

from demo.folder import CONCURRENT

_APPLIED = 'SELECT migration_name FROM "_prisma_migrations" WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL'
_INDEX = """SELECT count(*) FILTER (WHERE indisvalid), count(*) FROM pg_index
            WHERE indexrelid = to_regclass('"Order_userId_idx"')"""


class Verdict(NamedTuple):
    """What is wrong, in lines for people; nothing when all is well."""

    applied: int
    faults: tuple[str, ...]


def applied(url: str) -> list[str]:
    """Names of the migrations that are recorded as applied now."""
    try:
        return [row[0] for row in _rows(url, _APPLIED)]
    except psycopg2.Error:  # the history is not there yet
        return []


def verdict(url: str, names: list[str]) -> Verdict:
    """Judge from the history and, without believing it, from the effects."""
    recorded = applied(url)
    if not recorded:
        return Verdict(0, ("nothing was applied",))
    effects = [row[0] for row in _rows(url, 'SELECT migration FROM "Effect"')]
    valid, indexes = _rows(url, _INDEX)[0]
    faults = [f"{name} is recorded {recorded.count(name)} times" for name in names if recorded.count(name) != 1]
    for name in names:
        count = indexes if name.endswith(CONCURRENT) else effects.count(name)
        if count != 1:
            faults.append(f"{name} took effect {count} times")
    if not valid:
        faults.append("the concurrent index is not valid")
    return Verdict(len(set(recorded) & set(names)), tuple(faults))


def _rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()
