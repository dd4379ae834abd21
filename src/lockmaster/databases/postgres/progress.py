"""How far a long statement is, and who is in its way: seen from a second connection, opened only when it gets long."""

from __future__ import annotations

from lockmaster.engine.failures import LostConnectionError, LostTurnError, ServerError
from lockmaster.errors import StoppedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.clock import Clock
    from lockmaster.databases.postgres.wire import Wire

FIRST_LOOK_SECONDS = 3.0
_LOOK_SECONDS = 5.0
_SQL = """
SELECT p.phase, p.blocks_done, p.blocks_total, p.lockers_total - p.lockers_done,
  (SELECT pg_catalog.string_agg(
     pg_catalog.format('%s (pid %s)', coalesce(nullif(a.application_name, ''), 'a session'), a.pid), ', ')
   FROM pg_catalog.pg_stat_activity a
   WHERE a.pid = p.current_locker_pid OR a.pid = ANY (pg_catalog.pg_blocking_pids({pid})))
FROM (SELECT 1) one LEFT JOIN pg_catalog.pg_stat_progress_create_index p ON p.pid = {pid}"""


class Watcher:
    """Called about once a second while a statement runs; tells every five seconds. Never disturbs: errors end it."""

    def __init__(self, clock: Clock, pid: int, connect: Callable[[], Wire], tell: Callable[[str], None]) -> None:
        self._clock, self._pid, self._connect, self._tell = clock, pid, connect, tell
        self._next = clock.now() + FIRST_LOOK_SECONDS
        self._wire: Wire | None = None
        self._given_up = False

    def tick(self) -> None:
        if self._given_up or self._clock.now() < self._next:
            return
        self._next = self._clock.now() + _LOOK_SECONDS
        try:
            self._wire = self._wire or self._connect()
            self._tell(describe(*self._wire.send(_SQL.format(pid=self._pid))[0]))
        except (ServerError, LostConnectionError, LostTurnError, StoppedError, OSError):
            self._given_up = True  # who waits for the statement sees the wish to stop, too, and cancels it

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()


def describe(phase: str | None, done: int | None, total: int | None, lockers: int | None, blockers: str | None) -> str:
    """One row of the query in words: phase, share of the blocks, who is waited for."""
    parts = [phase or "running"]
    if total:
        parts.append(f"{100 * (done or 0) // total}% of {total} blocks")
    if lockers or blockers:
        parts.append(f"held up by {blockers or f'{lockers} transactions'}")
    return ", ".join(parts)
