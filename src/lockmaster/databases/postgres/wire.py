"""One connection under our own poll loop.

Asynchronous, so that a wait of ours can end at once: SIGTERM, a deadline, a notification. No global wait callback, which
would break a host program that uses psycopg2 itself (PROTOCOL-FACTS C6).
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

import psycopg2
from psycopg2 import extensions as ext

from lockmaster.clock import ready
from lockmaster.databases.postgres.errors import position_of, translate
from lockmaster.engine.failures import LostConnectionError, ServerError
from lockmaster.faults import reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from lockmaster.clock import Deadline
    from lockmaster.faults import Fault
    from lockmaster.stop import Stop

_CANCEL_SECONDS = 0.7  # for the cancel to be sent, and again for the server to answer it
_TICK_SECONDS = 1.0
_PQERRORS_TERSE = 0  # of libpq's enum PGVerbosity
_BIG = 8 << 20  # a message that is larger (with one large statement) gets an answer without an excerpt of itself
_CONTINUATION = bytes(range(0x80, 0xC0))  # bytes of UTF-8 that begin no character


class Wire:
    """Sends messages, waits for answers, gives up when told to. Used by one thread."""

    __slots__ = ("_cursor", "_deadline", "_stop", "_terse", "connection", "tick")

    def __init__(self, connection: Any, stop: Stop, deadline: Deadline) -> None:
        self.connection = connection
        self._stop = stop
        self._deadline = deadline
        self._cursor: Any = None
        self._terse = False
        self.tick: Callable[[], None] | None = None  # called about once a second while a message is worked on

    def connect(self, limit: Deadline) -> None:
        """Finish connecting. Raises psycopg2.OperationalError, TimeoutError, StoppedError."""
        while (state := self.connection.poll()) != ext.POLL_OK:
            left = min(limit.left(), _TICK_SECONDS)
            read = [self.connection] if state == ext.POLL_READ else []
            write = [self.connection] if state == ext.POLL_WRITE else []
            ready([*read, self._stop], left, write)
            self._stop.check()
            if limit.over():
                raise TimeoutError
        self._cursor = self.connection.cursor()

    def send(self, message: bytes | str) -> list[tuple[Any, ...]]:
        """Run a message of ours, of one or more statements; the rows of the last one. Raises as `run` does."""
        self.run(message)
        return self.rows()

    def rows(self) -> list[tuple[Any, ...]]:
        """Rows of the last statement that was run. Of ours only: not every value of a script's is one of Python's."""
        return list(self._cursor.fetchall()) if self._cursor.description else []

    def run(self, message: bytes | str, sent: Fault | None = None, meanwhile: Callable[[], None] | None = None) -> None:
        """Run a message of one or more statements. `sent`: the point met when it is on its way.

        `meanwhile`: called once when the server has all of it, unless it answered at once. It raises nothing.

        Raises ServerError (with `offset` in bytes of the message where the server gave a place), LostTurnError,
        LostConnectionError, StoppedError. After an error nothing is left open: the transaction is rolled back.
        """
        self._stop.check()
        if len(message) > _BIG and not self._terse:
            self._terse = _without_excerpts(self.connection)
        try:
            self._cursor.execute(message)
            if sent is not None:
                reach(sent)
            self._wait(meanwhile)
        except psycopg2.Error as error:
            failure = translate(error, closed=self.connection.closed != 0)
            place = position_of(error)
            if isinstance(failure, ServerError):
                if failure.kind == "timeout" and self._deadline.over():
                    failure = ServerError("the deadline is over", kind=failure.kind, sqlstate=failure.sqlstate)
                failure.offset = None if place is None else _bytes(message, place)
                failure.in_transaction = not self.idle()
                self._roll_back()
            raise failure from error

    def within(self, message: str, limit: Deadline) -> list[tuple[Any, ...]]:
        """`send`, for an answer that has to come before `limit`; else the connection counts as lost, and is closed."""
        deadline, self._deadline = self._deadline, limit
        try:
            return self.send(message)
        except ServerError as error:
            if error.kind != "timeout":
                raise
            self.close()
            raise LostConnectionError(f"no answer within {limit.seconds:.0f}s") from error
        finally:
            self._deadline = deadline

    def idle(self) -> bool:
        """No transaction is open."""
        return bool(self.connection.info.transaction_status == ext.TRANSACTION_STATUS_IDLE)

    def sleep(self, seconds: float, wake: Sequence[Any] = ()) -> int:
        """Wait on the socket and on `wake`; how many notifications came. Raises StoppedError, LostConnectionError."""
        self._stop.check()
        if not self.connection.notifies:
            ready([self.connection, self._stop, *wake], seconds)
            self._stop.check()
            try:
                self.connection.poll()
            except psycopg2.Error as error:
                raise LostConnectionError(str(error).strip()) from error
        count = len(self.connection.notifies)
        self.connection.notifies.clear()
        return count

    def close(self) -> None:
        try:
            self.connection.close()
        except psycopg2.Error:  # it was gone already
            pass

    def _wait(self, meanwhile: Callable[[], None] | None) -> None:
        """Poll until the answer is complete; on a wish to stop or a deadline, cancel first."""
        connection, told = self.connection, time.monotonic()
        while (state := connection.poll()) != ext.POLL_OK:
            read = [connection, self._stop] if state == ext.POLL_READ else [self._stop]
            write = [connection] if state == ext.POLL_WRITE else []
            if meanwhile is not None and not write:
                meanwhile()
                meanwhile = None
            ready(read, min(_TICK_SECONDS, self._deadline.left()), write)
            if self._stop.reason or self._deadline.over():
                self._abandon()
            if self.tick is not None and time.monotonic() - told >= _TICK_SECONDS:
                told = time.monotonic()
                self.tick()

    def _abandon(self) -> None:
        """Cancel what runs. The connection is closed when the server does not answer in time.

        Raises StoppedError, or the server's error; returns when the whole answer came all the same: it is done then.
        """
        try:
            answered = self._cancel()
        except psycopg2.Error:
            self._leave()
            raise
        if not answered:
            self.close()
        self._leave()
        if not answered:
            raise LostConnectionError("the deadline is over, and the server does not answer")

    def _leave(self) -> None:
        if self._stop.reason:
            self._roll_back()
            self._stop.check()

    def _cancel(self) -> bool:
        """True when the answer is complete. `cancel()` holds the GIL on a silent network, so a child does it."""
        _in_child(self.connection.cancel, _CANCEL_SECONDS)
        limit = time.monotonic() + _CANCEL_SECONDS
        while (state := self.connection.poll()) != ext.POLL_OK:
            left = limit - time.monotonic()
            if left <= 0:
                return False
            read = [self.connection] if state == ext.POLL_READ else []
            write = [self.connection] if state == ext.POLL_WRITE else []
            ready(read, left, write)
        return True

    def _roll_back(self) -> None:
        """Leave no transaction open after an error. A connection that cannot do that is closed."""
        if self.connection.closed or self.idle():
            return
        try:
            self._cursor.execute("ROLLBACK")
            limit = time.monotonic() + _CANCEL_SECONDS
            while (state := self.connection.poll()) != ext.POLL_OK:
                left = limit - time.monotonic()
                if left <= 0:
                    raise psycopg2.OperationalError("no answer to ROLLBACK")
                read = [self.connection] if state == ext.POLL_READ else []
                write = [self.connection] if state == ext.POLL_WRITE else []
                ready(read, left, write)
        except psycopg2.Error:
            self.close()


def _in_child(action: Callable[[], None], seconds: float) -> None:
    """Run `action` in a forked child that lives for at most `seconds`.

    Whoever ignores SIGCHLD (a supervisor, a host program) lets the kernel take the child away: then nobody can ask.
    """
    child = os.fork()
    if child == 0:
        try:
            action()
        finally:
            os._exit(0)
    limit = time.monotonic() + seconds
    with suppress(ChildProcessError, ProcessLookupError):
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            if time.monotonic() > limit:
                os.kill(child, 9)
                os.waitpid(child, 0)
                return
            time.sleep(0.005)


def _without_excerpts(connection: Any) -> bool:
    """Libpq shall not show the line of an error: for that it makes two tables with a number per character.

    psycopg2 has no call for it, but says how to reach libpq's own (`pgconn_ptr`). True in any case: tried once.
    """
    from psycopg2 import _psycopg

    with suppress(ImportError, OSError, AttributeError):  # it only saves memory
        import ctypes

        set_verbosity = ctypes.CDLL(_psycopg.__file__).PQsetErrorVerbosity
        set_verbosity.argtypes = [ctypes.c_void_p, ctypes.c_int]
        set_verbosity(connection.pgconn_ptr, _PQERRORS_TERSE)
    return True


def _bytes(message: bytes | str, characters: int) -> int:
    """Byte offset of a place given in characters, without building the text of a large message."""
    raw = message.encode() if isinstance(message, str) else message
    if raw.isascii():
        return characters
    at = 0
    step = 1 << 16
    while at < len(raw):
        piece = raw[at : at + step]
        count = len(piece.translate(None, _CONTINUATION))
        if count > characters:
            break
        characters -= count
        at += step
    for offset in range(at, len(raw)):
        if raw[offset] & 0xC0 != 0x80:
            if characters == 0:
                return offset
            characters -= 1
    return len(raw)
