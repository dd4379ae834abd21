"""What is in a database after all runs, and what has to be: read from it, never from what the program said."""

import sqlite3
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from tests.folders import Folder
from tests.support.database import Database

_NATIVE = "SELECT name, applied_at IS NOT NULL, journal FROM lockmaster_history ORDER BY kind DESC, version, name"
_PRISMA = (
    "SELECT migration_name, finished_at IS NOT NULL AND applied_steps_count = 1, logs FROM _prisma_migrations"
    " WHERE rolled_back_at IS NULL ORDER BY migration_name"
)
_INDEXES = """
SELECT (SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, n)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum), i.indisvalid
FROM pg_index i WHERE i.indrelid = to_regclass('item')"""
_INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid OR NOT indisready"
# a pooler keeps its server connections, idle; the name on them is that of the last client
_SESSIONS = """
SELECT application_name, state, left(query, 100) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'lockmaster/%' AND NOT ({pooled} AND state = 'idle')"""
_LOCKS = """
SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
LEAVE_SECONDS = 8.0  # for a session whose process is dead to be gone


class Truth(NamedTuple):
    """Everything that a test compares, as plain values: a difference reads by itself."""

    marks: list[str]
    history: list[tuple[str, bool, str | None]]
    indexes: dict[str, int]
    leftovers: list[str]


def expected(folder: Folder, indexes: dict[str, int]) -> Truth:
    """Each migration exactly once, complete, and nothing else."""
    return Truth(folder.marks, [(name, True, None) for name in folder.names], indexes, [])


def in_postgres(database: Database, folder: Folder, *, pooled: bool = False) -> Truth:
    """Read it, after the sessions of dead processes are gone."""
    leftovers = [f"invalid index {row[0]}" for row in database.rows(_INVALID)]
    leftovers += [f"session {row}" for row in _remaining(database, _SESSIONS.format(pooled=pooled))]
    leftovers += [f"advisory lock of {row[0]!r}" for row in _remaining(database, _LOCKS)]
    valid = Counter(columns for columns, is_valid in database.rows(_INDEXES) if is_valid)
    history = database.rows(_PRISMA if folder.format == "prisma" else _NATIVE)
    marks = [row[0] for row in database.rows('SELECT mark FROM effects ORDER BY mark COLLATE "C"')]
    return Truth(marks, [(row[0], row[1], row[2]) for row in history], dict(valid), leftovers)


def in_sqlite(path: Path, folder: Folder) -> Truth:
    """Read it, and let SQLite check the file."""
    connection = sqlite3.connect(path)
    try:

        def rows(sql: str) -> list[Any]:
            return connection.execute(sql).fetchall()

        leftovers = [str(row) for row in rows("PRAGMA integrity_check") if row != ("ok",)]
        leftovers += [f"broken reference {row}" for row in rows("PRAGMA foreign_key_check")]
        if (children := rows("SELECT count(*) FROM child")[0][0]) != 3:
            leftovers.append(f"{children} children of 3 are there")
        named = [row[1] for row in rows("PRAGMA index_list('item')")]
        indexes = Counter(", ".join(column[2] for column in rows(f"PRAGMA index_info('{name}')")) for name in named)
        history = rows(_PRISMA if folder.format == "prisma" else _NATIVE)
        marks = sorted(row[0] for row in rows("SELECT mark FROM effects"))
    finally:
        connection.close()
    leftovers += [f"file {each.name}" for each in path.parent.glob(f"{path.name}-*")]
    return Truth(marks, [(row[0], bool(row[1]), row[2]) for row in history], dict(indexes), leftovers)


def _remaining(database: Database, sql: str) -> list[tuple[Any, ...]]:
    """Rows that are still there when the dead have had the time to go."""
    limit = time.monotonic() + LEAVE_SECONDS
    while (rows := database.rows(sql)) and time.monotonic() < limit:
        time.sleep(0.05)
    return rows
