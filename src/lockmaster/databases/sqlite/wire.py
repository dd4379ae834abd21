"""One SQLite connection that is opened when it is needed, and closed whenever nothing depends on it.

Guarantees: reading never creates the file; no call waits inside SQLite (its busy time-out is 0, we wait
ourselves); a wish to stop or a deadline ends a running statement. Never `executescript`: it commits first, and the
turn would be gone (PROTOCOL-FACTS A1).
"""

from __future__ import annotations

import sqlite3
import time

from lockmaster.clock import ready
from lockmaster.databases.sqlite.errors import ERRORS, cannot_open, translate, unreadable
from lockmaster.engine.failures import ServerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lockmaster.clock import Deadline
    from lockmaster.databases.sqlite.direct import Direct
    from lockmaster.databases.sqlite.place import Place
    from lockmaster.stop import Stop

    Rows = list[tuple[Any, ...]]

OPCODES = 10_000  # of SQLite's machine between two looks at stop and deadline: a fraction of a millisecond
_TRANSACTION = 22  # SQLITE_TRANSACTION, an action code of authorizers that the module does not name


class Wire:
    """The connection and its state. `held`: the file's exclusive lock stays ours between transactions."""

    def __init__(self, place: Place, *, write: bool, stop: Stop, deadline: Deadline) -> None:
        self.place = place
        self.write = write
        self.held = False
        self.denied = ""  # what a script tried to do to our transaction
        self.limit: Deadline | None = None  # for each statement of a script
        self._stop = stop
        self._deadline = deadline
        self._begun = 0.0
        self._connection: sqlite3.Connection | None = None
        self._serial = 0  # of the connection
        self.large = False  # connections that are opened from now on take large statements as bytes
        self._direct: Direct | None = None

    # ---- open and close -------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        """The connection, made if there is none. The file is created when this wire may write."""
        if self._connection is None:
            try:
                self._connection = self._connect("rwc" if self.write else "ro")
            except ERRORS as error:
                raise translate(error, self.place) from error
        return self._connection

    def _connect(self, mode: str) -> sqlite3.Connection:
        self._serial += 1
        connection = self._connect_large(mode) if self.large else self._connect_plainly(mode)
        connection.set_progress_handler(self._enough, OPCODES)
        connection.create_function("lockmaster_begun", 0, self._begun_text)
        return connection

    def _connect_plainly(self, mode: str) -> sqlite3.Connection:
        uri = self.place.uri(mode)
        # no cache of prepared statements: a migration's are run once, and may be large
        return sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None, cached_statements=0)

    def _connect_large(self, mode: str) -> sqlite3.Connection:
        try:
            from lockmaster.databases.sqlite import direct
        except ImportError:  # a Python without ctypes
            return self._connect_plainly(mode)
        connection, self._direct = direct.connected(lambda: self._connect_plainly(mode))
        return connection

    def _enough(self) -> int:
        over = self._deadline.over() or (self.limit is not None and self.limit.over())
        return 1 if self._stop.reason or over else 0

    def close(self) -> None:
        """End the connection and all it held: transaction, lock, temporary tables, settings. Never raises."""
        connection, self._connection, self.held, self._direct = self._connection, None, False, None
        if connection is not None:
            try:
                connection.close()
            except ERRORS:  # it was broken already
                pass

    # ---- statements -----------------------------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        return self._connection is not None and self._connection.in_transaction

    def execute(self, sql: str, *, script: bool = False) -> Rows:
        """Run one statement to its end; its rows. Raises what `errors.translate` says, and StoppedError."""
        connection = self._open()
        try:
            return connection.execute(sql).fetchall()
        except ERRORS as error:
            self._stop.check()  # an interrupted statement was our own doing
            raise self._translated(error, script=script) from error

    def run(self, sql: str) -> None:
        """Run one statement of a script to its end; its rows are nobody's."""
        connection = self._open()
        self._stop.check()  # many short statements give the progress handler no occasion
        try:
            for _ in connection.execute(sql):
                pass
        except ERRORS as error:
            self._stop.check()
            raise self._translated(error, script=True) from error

    def run_large(self, body: bytes, start: int, end: int) -> bool:
        """Likewise, of the statement `body[start:end]`, without a copy of it; False where that is not possible."""
        if self._direct is None:
            return False
        self._stop.check()
        try:
            return self._direct.run(body, start, end)
        except ERRORS as error:
            self._stop.check()
            raise self._translated(error, script=True) from error

    def _translated(self, error: Exception, *, script: bool) -> Exception:
        return translate(error, self.place, script=script, in_transaction=self.in_transaction)

    def data_version(self) -> tuple[int, int]:
        """Changes when another connection has committed anything, or ours is a new one, and only then."""
        return self._serial, int(self.execute("PRAGMA main.data_version")[0][0])

    def read(self, sql: str) -> Rows:
        """The rows of a query on a file that exists.

        A journal that only a writer can deal with (hot, or WAL's without its -shm) is given one try with write
        access (PROTOCOL-FACTS C8).
        """
        if self._connection is not None or self.write:
            return self.execute(sql)
        try:
            self._connection = self._connect("ro")
            return self._connection.execute(sql).fetchall()
        except sqlite3.Error as error:
            self.close()
            if not cannot_open(error):
                self._stop.check()
                raise translate(error, self.place) from error
        return self._read_as_writer(sql)

    def _read_as_writer(self, sql: str) -> Rows:
        try:
            self._connection = self._connect("rw")
            return self._connection.execute(sql).fetchall()
        except sqlite3.Error as error:
            self.close()
            raise (unreadable if cannot_open(error) else translate)(error, self.place) from error

    # ---- around a script ------------------------------------------------------------------------------

    def guard(self, *, on: bool) -> None:
        """While it is on, no statement can end our transaction, however it is spelled: the splitter's net."""
        if on:
            self.denied = ""
        self._open().set_authorizer(self._authorize if on else None)

    def _authorize(self, action: int, what: str | None, *_: str | None) -> int:
        if action != _TRANSACTION:
            return sqlite3.SQLITE_OK
        self.denied = what or "BEGIN"
        return sqlite3.SQLITE_DENY

    def mark(self) -> None:
        """Now is the time that `dialect.begun` tells from here on."""
        self._begun = time.time()

    def _begun_text(self) -> str:
        seconds = self._begun or time.time()
        whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        return f"{whole}.{int(seconds % 1 * 1000):03d}Z"

    def nap(self, seconds: float, wake: Sequence[Any] = ()) -> None:
        """Wait outside SQLite, at most until the deadline, or until something in `wake` can be read. Raises StoppedError."""
        ready([self._stop, *wake], min(seconds, self._deadline.left()))
        self._stop.check()

    def pause(self, seconds: float) -> None:
        """Likewise, between two tries of one thing: ServerError when the deadline is over."""
        self.nap(seconds)
        if self._deadline.over():
            raise ServerError("the deadline is over", kind="timeout")
