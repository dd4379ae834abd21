"""A SQLite file as a place to connect to."""

from __future__ import annotations

from lockmaster.clock import pauses
from lockmaster.databases.sqlite.place import parse
from lockmaster.databases.sqlite.session import SqliteSession
from lockmaster.databases.sqlite.wire import Wire
from lockmaster.errors import UnreachableError
from lockmaster.events import Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.clock import Clock, Deadline
    from lockmaster.events import Emit
    from lockmaster.stop import Stop


class SqliteDatabase:
    """See `engine.ports.Database`. Reading never creates the file; one that is missing is a database without history.

    Parameters: `base` is the folder that Prisma's relative `file:` URLs start from; `lock_timeout` the seconds for
    which a COMMIT may keep new readers out while it waits for old ones. Raises UsageError for a URL it cannot use.
    """

    def __init__(self, url_text: str, *, base: str, stop: Stop, emit: Emit, clock: Clock, lock_timeout: float) -> None:
        self.place = parse(url_text, base)
        self._stop = stop
        self._emit = emit
        self._clock = clock
        self._lock_timeout = lock_timeout

    def __str__(self) -> str:
        return str(self.place)

    def connect(self, wait: Deadline, *, write: bool) -> SqliteSession:
        """See the port. With `write` the file is made by the first turn that is taken, not before."""
        if write:
            self.place.demand_writable()
        started = self._clock.now()
        for pause in pauses(0.2, 2.0):
            self._stop.check()
            session = self._session(wait, write=write)
            try:
                session.probe()
            except UnreachableError as error:
                session.close()
                if wait.over():
                    raise
                self._emit(Waiting("database", error.message, self._clock.now() - started, wait.seconds))
                session.wire.pause(min(pause, wait.left()))
            except BaseException:
                session.close()
                raise
            else:
                return session
        raise AssertionError  # pauses never end

    def _session(self, wait: Deadline, *, write: bool) -> SqliteSession:
        return SqliteSession(
            Wire(self.place, write=write, stop=self._stop),
            clock=self._clock,
            emit=self._emit,
            lock_timeout=self._lock_timeout,
            wait=wait.seconds,
        )
