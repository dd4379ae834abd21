"""The turn of an errand beside an SQLite file: a lock on a file of its own, `<database>-lockmaster`.

The database's own lock cannot be it: the command writes to the database, and would wait for us. The lock file stays;
to remove it would let two processes lock two files of one name. One host only, like SQLite itself.
"""

from __future__ import annotations

import fcntl
import os

from lockmaster.clock import Deadline, pauses, ready
from lockmaster.engine.errand import Seen
from lockmaster.engine.failures import LostTurnError, ServerError
from lockmaster.errors import AccessDeniedError, UnreachableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lockmaster.clock import Clock
    from lockmaster.databases.sqlite.database import SqliteDatabase
    from lockmaster.databases.sqlite.session import SqliteSession
    from lockmaster.engine.keeping import OnceLike
    from lockmaster.stop import Stop

SUFFIX = "-lockmaster"
_WRITE_SECONDS = 30.0


class SqliteKeeper:
    """See `engine.ports.Keeper`."""

    name = ""  # a session on a file has no name
    writable = True

    def __init__(self, database: SqliteDatabase, history: OnceLike, pod: str, *, clock: Clock, stop: Stop) -> None:
        self._database, self._history, self._pod = database, history, pod
        self._clock, self._stop = clock, stop
        self._lock: int | None = None
        self._path = database.place.path + SUFFIX

    def open(self, limit: Deadline, *, write: bool) -> Seen:
        if write:
            self._database.place.demand_writable()
        session, view = self._database.open(self._history, limit, write=False)
        session.close()
        return Seen(bool(view.records))

    def look(self, *, load: bool = False) -> Seen:  # noqa: ARG002 - files have no crowd
        return self.open(Deadline(self._clock, _WRITE_SECONDS), write=False)

    def take(self) -> bool:
        if self._lock is not None:
            return True
        try:
            lock = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            hint = "the lock file stands beside the database: the folder has to be writable"
            raise AccessDeniedError(f"cannot open {self._path}: {error.strerror}", hint=hint) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return False
        self._lock = lock
        if not self._is_there():  # somebody removed it between the two: it is nobody's lock any more
            self.release()
            return False
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{self._pod or 'a process'} (pid {os.getpid()})\n".encode(), 0)
        return True

    def wait(self, seconds: float) -> bool:
        ready([self._stop], seconds)
        self._stop.check()
        return False

    def prepare(self) -> bool:
        self._database.place.demand_writable()
        return True

    def orphans(self, *, end: bool) -> tuple[str, ...]:  # noqa: ARG002 - the guard holds the lock as long as there are any
        return ()

    def hold(self, seconds: float, wake: Sequence[Any]) -> None:
        if not self._is_there():
            raise LostTurnError(f"{self._path} was removed")
        ready([self._stop, *wake], min(seconds, 5.0))
        self._stop.check()

    def record(self, command: str, seconds: float) -> None:
        """In a transaction of its own; it waits while somebody else writes."""
        limit = Deadline(self._clock, _WRITE_SECONDS)
        session, _ = self._database.open(self._history, limit, write=True)
        try:
            self._turn_of(session, limit)
            made = () if session.read(self._history).exists else self._history.create()
            session.write((*made, *self._history.record(command, seconds)))
        finally:
            session.close()

    def _turn_of(self, session: SqliteSession, limit: Deadline) -> None:
        for pause in pauses(0.005, 0.2):
            try:
                if session.try_turn(self._history):
                    return
            except ServerError as error:
                if error.kind != "busy":
                    raise
            if limit.over():
                raise UnreachableError(
                    f"{self._database} is locked by another process", hint="what works on it so long?"
                )
            self.wait(pause)

    def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def descriptors(self) -> Sequence[int]:
        return [] if self._lock is None else [self._lock]

    def holder(self) -> str:
        try:
            with open(self._path, encoding="utf-8", errors="replace") as file:
                return file.read(300).strip()
        except OSError:
            return ""

    def close(self) -> None:
        self.release()

    def _is_there(self) -> bool:
        """The name still leads to the file that we locked."""
        try:
            there, ours = os.stat(self._path), os.fstat(self._lock if self._lock is not None else -1)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
