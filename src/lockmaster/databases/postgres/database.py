"""A PostgreSQL database as a place to connect to: waits until it accepts work, and sees what is in between."""

from __future__ import annotations

from lockmaster import events
from lockmaster.clock import Deadline, pauses
from lockmaster.databases.postgres import url as urls
from lockmaster.databases.postgres.connecting import NO_ANSWER, SILENT, ConnectFailedError, attempt
from lockmaster.databases.postgres.dialect import PostgresDialect
from lockmaster.databases.postgres.message import Limits, session_settings
from lockmaster.databases.postgres.pooled import PooledSession
from lockmaster.databases.postgres.session import PostgresSession
from lockmaster.engine.failures import LostConnectionError
from lockmaster.errors import AccessDeniedError, UnreachableError
from lockmaster.faults import Fault, reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.clock import Clock
    from lockmaster.databases.postgres.progress import Watcher
    from lockmaster.databases.postgres.wire import Wire
    from lockmaster.engine.model import View
    from lockmaster.engine.ports import Records
    from lockmaster.events import Emit
    from lockmaster.stop import Stop

TELL_SECONDS = 5.0
GRACE_SECONDS = 10.0  # a first installation makes role and database seconds after the server


class PostgresDatabase:
    """See `engine.ports.Database`. `pooler`: "auto" looks, the others overrule, because no query can prove it (D5)."""

    dialect = PostgresDialect()

    def __init__(
        self,
        url: str,
        *,
        search_path: str = "",
        pooler: str = "auto",
        lock_timeout: float = 0.8,
        statement_timeout: float = 0.0,
        application: str = "lockmaster",
        uid: str = "",
        stop: Stop,
        clock: Clock,
        deadline: Deadline,
        emit: Emit = events.nowhere,
    ) -> None:
        self.url = urls.parse(url)
        self._pooler = "transaction" if pooler == "auto" and self.url.pgbouncer else pooler
        self._schema = search_path
        self._path = self.dialect.identifier(search_path) if search_path else ""
        self._limits = Limits(round(lock_timeout * 1000), round(statement_timeout * 1000))
        self._application = application_name(application, uid)
        self._stop, self._clock, self._deadline, self._emit = stop, clock, deadline, emit
        self._warned: set[str] = set()

    def __str__(self) -> str:
        return self.url.shown

    def open(self, history: Records, wait: Deadline, *, write: bool) -> tuple[PostgresSession, View]:
        began, told, last = self._clock.now(), "", 0.0
        seen: ConnectFailedError | None = None
        denied: Deadline | None = None
        for pause in pauses(0.2, 2.0):
            try:
                session, view = self._once(history, wait)
                if not write or not session.recovery:
                    return session, view
                session.close()
                failure = ConnectFailedError("it is a standby, and something has to be written", "retry")
            except ConnectFailedError as error:
                # an attempt that our own limit cut short says nothing: what was seen before it does
                failure = seen if error.text.endswith((SILENT, NO_ANSWER)) and wait.over() and seen else error
            except LostConnectionError as error:
                failure = ConnectFailedError(str(error), "retry")
            if failure.kind != "retry":
                denied = denied or Deadline(self._clock, min(GRACE_SECONDS, wait.left()))
                if denied.over():
                    raise self._denied(failure)
            if wait.over() or self._deadline.over():
                raise self._denied(failure) if failure.kind != "retry" else self._unreachable(failure, began)
            seen, waited = failure, self._clock.now() - began
            if failure.text != told or waited - last > TELL_SECONDS:
                told, last = failure.text, waited
                self._emit(events.Waiting("database", failure.text, waited, wait.seconds))
            self._clock.sleep(min(pause, wait.left(), self._deadline.left()))
        raise AssertionError  # pauses never end

    def _warn(self, text: str, hint: str) -> None:
        if text not in self._warned:  # once, however often a session is opened
            self._warned.add(text)
            self._emit(events.Warned(text, hint))

    def _denied(self, failure: ConnectFailedError) -> AccessDeniedError:
        what = "the database does not exist" if failure.kind == "missing" else "the database refuses these credentials"
        hint = (
            "create it first; Lockmaster does not create databases" if failure.kind == "missing"
            else "check user and password of the URL; special characters must be percent-encoded"
        )  # fmt: skip
        return AccessDeniedError(f"{what}: {failure.text}", hint=hint, details={"database": str(self)})

    def _unreachable(self, failure: ConnectFailedError, began: float) -> UnreachableError:
        waited = self._clock.now() - began
        if self._deadline.over() and waited < 1.0:
            return UnreachableError("the deadline is over", hint="run again later", details={"database": str(self)})
        return UnreachableError(
            f"the database did not accept work within {waited:.0f}s: {failure.text}",
            hint="is it running, and does a NetworkPolicy or a firewall allow the way? --wait-for-database waits longer",
            details={"database": str(self)},
        )

    def _watcher(self, pid: int, migration: str, statement: str) -> Watcher:
        from lockmaster.databases.postgres.progress import Watcher

        def connect() -> Wire:
            try:
                return self._wire(Deadline(self._clock, 1.0))
            except ConnectFailedError as error:
                raise LostConnectionError(error.text) from error

        return Watcher(
            self._clock, pid, connect, lambda state: self._emit(events.Progress(migration, statement, state))
        )

    def _wire(self, limit: Deadline) -> Wire:
        keywords = {
            "application_name": self._application, "client_encoding": "UTF8", "gssencmode": "disable",
            # the client's side of a dead network; the server's side travels in session_settings
            "keepalives_idle": "5", "keepalives_interval": "2", "keepalives_count": "3", "tcp_user_timeout": "10000",
            **self.url.keywords,
        }  # fmt: skip
        return attempt(keywords, self._stop, self._clock, limit, self._deadline)

    def _once(self, history: Records, wait: Deadline) -> tuple[PostgresSession, View]:
        wire = self._wire(wait)
        reach(Fault.CONNECTED)
        try:
            session = self._session(PostgresSession, wire, self._pooler if self._pooler == "session" else "")
            view = session.read(history)
            if self._pooler == "transaction" or (self._pooler == "auto" and session.backend != _announced(wire)):
                session = self._session(PooledSession, wire, "transaction", session)
            self._emit(events.Connected(str(self), session.server, session.pooler))
        except BaseException:  # the listener's, too
            wire.close()
            raise
        return session, view

    def _session(
        self, kind: type[PostgresSession], wire: Wire, pooler: str, before: PostgresSession | None = None
    ) -> PostgresSession:
        info = wire.connection.info
        session = kind(
            wire,
            server="PostgreSQL " + str(info.parameter_status("server_version")).split()[0],
            limits=self._limits,
            settings=session_settings(int(info.server_version), self._path),
            warn=self._warn,
            watch=self._watcher,
            before=before,
            schema=self._schema,
        )
        session.pooler = pooler
        return session


def _announced(wire: Wire) -> int:
    """The pid that whatever answered at the start called its own; another one than the server's betrays a pooler."""
    return int(wire.connection.info.backend_pid)


def command_name(pod: str, lock: int) -> tuple[str, str]:
    """For the sessions of a command that runs under the turn: its name, and the part that tells them from ours."""
    mark = f"#{lock & 0xFFFFFFFF:08x}"
    name = pod.encode("ascii", "replace").decode().rpartition("/")[2]
    return "lockmaster/" + name[-(63 - len("lockmaster/") - len(mark)) :] + mark, mark


def application_name(pod: str, uid: str = "") -> str:
    """`lockmaster/` and the LAST part of the pod's name: PostgreSQL cuts at 63 bytes, and the end is what differs.

    Behind it the beginning of the pod's uid, where that is known: a StatefulSet's next pod has the same name. All roles
    see this name, no query is needed to leave it there, and it goes with the session.
    """
    name = pod.encode("ascii", "replace").decode().rpartition("/")[2]
    mark = f"@{uid[:8]}" if len(uid) >= 8 and uid[:8].isalnum() and uid.isascii() else ""
    return "lockmaster/" + name[-(63 - len("lockmaster/") - len(mark)) :] + mark if name else "lockmaster"
