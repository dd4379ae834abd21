"""A SQLite file as a place to connect to."""

from __future__ import annotations

from lockmaster import events
from lockmaster.clock import pauses
from lockmaster.databases.sqlite.dialect import SqliteDialect
from lockmaster.databases.sqlite.place import parse
from lockmaster.databases.sqlite.reader import Reader
from lockmaster.databases.sqlite.session import SqliteSession
from lockmaster.databases.sqlite.wire import Wire
from lockmaster.errors import UnreachableError
from lockmaster.faults import Fault, reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.clock import Clock, Deadline
    from lockmaster.engine.model import View
    from lockmaster.engine.ports import Records
    from lockmaster.events import Emit
    from lockmaster.stop import Stop


class SqliteDatabase:
    """See `engine.ports.Database`. Reading never creates the file; a missing one has no history.

    Parameters: `base` is the folder that Prisma's relative `file:` URLs start from ("": the working
    directory); `lock_timeout` the seconds for which a COMMIT may keep new readers out while it waits for the
    old ones; `statement_timeout` 0 for none. Raises UsageError for a URL that it cannot use.
    """

    dialect = SqliteDialect()

    def __init__(
        self,
        url: str,
        *,
        base: str = "",
        lock_timeout: float = 0.8,
        statement_timeout: float = 0.0,
        stop: Stop,
        clock: Clock,
        deadline: Deadline,
        emit: Emit = events.nowhere,
    ) -> None:
        self.place = parse(url, base)
        self._lock_timeout = lock_timeout
        self._statement_timeout = statement_timeout or None
        self._stop, self._clock, self._deadline, self._emit = stop, clock, deadline, emit

    def __str__(self) -> str:
        return str(self.place)

    def open(self, history: Records, wait: Deadline, *, write: bool) -> tuple[SqliteSession, View]:
        """See the port. With `write` the file is made by the first turn that is taken, not before."""
        if write:
            self.place.demand_writable()
        began = self._clock.now()
        for pause in pauses(0.2, 2.0):
            self._stop.check()
            session = self._session(wait, write=write)
            try:
                return self._connected(session, history)
            except UnreachableError as error:
                session.close()
                if wait.over() or self._deadline.over():
                    raise
                self._emit(events.Waiting("database", error.message, self._clock.now() - began, wait.seconds))
                session.wire.nap(min(pause, wait.left()))
            except BaseException:
                session.close()
                raise
        raise AssertionError  # pauses never end

    def _connected(self, session: SqliteSession, history: Records) -> tuple[SqliteSession, View]:
        reach(Fault.CONNECTED)
        view = session.read(history)
        self._emit(events.Connected(str(self), session.server, session.pooler))
        return session, view

    def _session(self, wait: Deadline, *, write: bool) -> SqliteSession:
        wire = Wire(self.place, write=write, stop=self._stop, deadline=self._deadline)
        return SqliteSession(
            wire,
            Reader(wire, clock=self._clock, emit=self._emit, wait=wait.seconds),
            clock=self._clock,
            lock_timeout=self._lock_timeout,
            statement_timeout=self._statement_timeout,
        )
