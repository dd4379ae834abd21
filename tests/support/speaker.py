"""A TCP server that says what a test wants it to say, to whoever comes: nothing, too little, nonsense, one byte a second.

with Speaker(silent) as server: ... tcp://127.0.0.1:{server.port}
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


def silent(connection: socket.socket) -> None:
    """Take the connection, and whatever is sent; answer nothing."""
    while connection.recv(4096):
        pass


def resets(connection: socket.socket) -> None:
    """Answer what is asked with a reset."""
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def says(data: bytes) -> Callable[[socket.socket], None]:
    """Answer with these bytes, and close."""

    def speak(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(data)

    return speak


def drips(head: bytes, drop: bytes = b"x") -> Callable[[socket.socket], None]:
    """Answer with a head, then with a drop ten times a second, for ever."""

    def speak(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(head)
        while True:
            time.sleep(0.1)
            connection.sendall(drop)

    return speak


class Speaker:
    """One server, from construction until close(); `accepted` is set when somebody came."""

    def __init__(self, speak: Callable[[socket.socket], None], family: int = socket.AF_INET, path: str = "") -> None:
        self._speak = speak
        self.accepted = threading.Event()
        self.visits = 0
        self._listener = socket.socket(family)
        self._listener.bind(path or ("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self._listener.listen(64)
        self.port: int = 0 if path else self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True, name="speaker").start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.visits += 1
            self.accepted.set()
            threading.Thread(target=self._serve, args=(connection,), daemon=True, name="speaker-visit").start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self._speak(connection)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
