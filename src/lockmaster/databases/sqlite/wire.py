"""One SQLite connection that is opened when it is needed, and closed whenever nothing depends on it.

Guarantees: reading never creates the file; no call waits inside SQLite (its busy time-out is 0, we wait ourselves);
a wish to stop ends a running statement. Never `executescript`: it commits first, and the turn would be gone (A1).
"""

from __future__ import annotations

import select
import sqlite3
import time

from lockmaster.databases.sqlite.errors import primary, translate, unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lockmaster.databases.sqlite.place import Place
    from lockmaster.stop import Stop

OPCODES = 10_000  # of SQLite's machine between two looks at the wish to stop: a fraction of a millisecond
_TRANSACTION = 22  # SQLITE_TRANSACTION, an authorizer's action code that the module does not name
ERRORS = (sqlite3.Error, sqlite3.Warning)


class Wire:
    """The connection and its state. `held`: the file's exclusive lock stays ours between transactions."""

    def __init__(self, place: Place, *, write: bool, stop: Stop) -> None:
        self.place = place
        self.write = write
        self.held = False
        self.denied = ""  # what the script tried to do to our transaction
        self._begun = 0.0
        self._stop = stop
        self._connection: sqlite3.Connection | None = None

    # ---- open and close -----------------------------------------------------------------------------------

    def open(self, mode: str = "") -> sqlite3.Connection:
        """The connection, made if there is none. The file is created when this wire may write."""
        if self._connection is None:
            try:
                self._connection = self._connect(mode or ("rwc" if self.write else "ro"))
            except ERRORS as error:
                raise translate(error, self.place) from error
        return self._connection

    def _connect(self, mode: str) -> sqlite3.Connection:
        uri = self.place.uri(mode)
        # no cache of prepared statements: a migration's are run once, and may be large
        connection = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None, cached_statements=0)
        connection.set_progress_handler(self._stopping, OPCODES)
        connection.create_function("lockmaster_begun", 0, self._begun_text)
        connection.execute("PRAGMA foreign_keys=ON")  # as Prisma has it; Python's library has it off
        return connection

    def _stopping(self) -> int:
        return 1 if self._stop.reason else 0

    def close(self) -> None:
        """End the connection and all it held: transaction, locks, temporary tables, settings. Never raises."""
        connection, self._connection, self.held = self._connection, None, False
        if connection is not None:
            try:
                connection.close()
            except ERRORS:
                pass

    # ---- statements ---------------------------------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        return self._connection is not None and self._connection.in_transaction

    def execute(self, sql: str, *, script: bool = False) -> list[tuple[Any, ...]]:
        """Run one statement to its end, and all its rows. Raises what `errors.translate` says, StoppedError."""
        connection = self.open()
        try:
            return connection.execute(sql).fetchall()
        except ERRORS as error:
            self._stop.check()  # an interrupted statement is our own doing
            raise translate(error, self.place, script=script, in_transaction=connection.in_transaction) from error

    def run(self, sql: str) -> None:
        """Run a statement of a script to its end; its rows are nobody's."""
        connection = self.open()
        self._stop.check()  # short statements end between two looks of the progress handler
        try:
            for _ in connection.execute(sql):
                pass
        except ERRORS as error:
            self._stop.check()
            raise translate(error, self.place, script=True, in_transaction=connection.in_transaction) from error

    def read(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query on a file that exists. A journal that only a writer can deal with is given one try (C8)."""
        if self.write or self._connection is not None:
            return self.execute(sql)
        try:
            self._connection = self._connect("ro")
            return self._connection.execute(sql).fetchall()
        except sqlite3.Error as error:
            self.close()
            if primary(error) not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
                self._stop.check()
                raise translate(error, self.place) from error
        try:
            self._connection = self._connect("rw")
            return self._connection.execute(sql).fetchall()
        except sqlite3.Error as error:
            self.close()
            if primary(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
                raise unreadable(error, self.place) from error
            raise translate(error, self.place) from error

    # ---- around a script ----------------------------------------------------------------------------------

    def guard(self, *, on: bool) -> None:
        """While it is on, no statement can end our transaction, however it was spelled: the net under the splitter."""
        self.denied = ""
        self.open().set_authorizer(self._authorize if on else None)

    def _authorize(self, action: int, what: str | None, *_: str | None) -> int:
        if action != _TRANSACTION:
            return sqlite3.SQLITE_OK
        self.denied = what or "BEGIN"
        return sqlite3.SQLITE_DENY

    def mark(self) -> None:
        """Now is the time that `dialect.begun` tells."""
        self._begun = time.time()

    def _begun_text(self) -> str:
        seconds = self._begun or time.time()
        whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        return f"{whole}.{int(seconds % 1 * 1000):03d}Z"

    def pause(self, seconds: float) -> None:
        """Wait outside SQLite. Raises StoppedError."""
        select.select([self._stop], [], [], seconds)
        self._stop.check()
