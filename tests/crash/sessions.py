"""Looking at the program's sessions from another one."""

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - it is a class

_OURS = "application_name LIKE 'lockmaster/%' AND datname = current_database()"
_LONG = f"""SELECT count(*) FROM pg_stat_activity WHERE {_OURS} AND state = 'active'
AND (wait_event = 'PgSleep' OR wait_event_type = 'Lock')"""
_WORK = f"""SELECT (SELECT count(*) FROM pg_stat_activity WHERE {_OURS} AND state <> 'idle')
+ (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"""


def in_a_long_statement(cursor: Cursor) -> bool:
    """One of ours sleeps, or waits for a lock, inside the server."""
    cursor.execute(_LONG)
    return cursor.fetchone() == (1,)


def is_at_rest(cursor: Cursor) -> bool:
    """Nobody is in a statement or a transaction of ours, and the turn is free."""
    cursor.execute(_WORK)
    return cursor.fetchone() == (0,)
