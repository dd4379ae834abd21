"""A TCP proxy that can lose the network: at a word from the test, or when given bytes pass.

    with Proxy(server.host, server.port) as proxy:
        proxy.on_bytes(b"COMMIT", "cut", when="before")
        url = proxy.url(database.url)

What it does to the parties: `cut` answers both sides with a reset and refuses new connections, `freeze` takes
connections and bytes and hands nothing on, as a network does that swallows packets, `thaw` hands on what was kept.
Each direction has a reader and a writer, so a delay is added to each byte's way and does not narrow the way.
"""

import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit, urlunsplit

from tests.support.ports import free_port

Side = Literal["client", "server"]
When = Literal["before", "after"]
Action = Callable[[], None] | Literal["cut", "freeze"]
CHUNK = 65_536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close() sends a reset
GRACE = 0.05  # for bytes handed to the kernel to arrive, before a cut that comes "after" them


class Hook:
    """What happens when bytes pass; `fired` tells the test that they did."""

    def __init__(self, pattern: bytes, action: Callable[[], None], side: Side, when: When, nth: int) -> None:
        self.pattern, self.action, self.side, self.when = re.compile(pattern, re.DOTALL), action, side, when
        self.fired = threading.Event()
        self._left = nth

    def hits(self, window: bytes, old: int) -> bool:
        """Count the matches that end in what is new (behind byte `old`); True at the nth, once."""
        if self.fired.is_set():
            return False
        self._left -= sum(1 for match in self.pattern.finditer(window) if match.end() > old)
        return self._left <= 0


class Proxy:
    """A proxy in front of host:port, from construction until close()."""

    def __init__(self, host: str, port: int) -> None:
        self.target, self.port, self.host = (host, port), free_port(), "127.0.0.1"
        self.hooks: list[Hook] = []
        self.delays = {"client": 0.0, "server": 0.0}
        self.accepted = 0
        self._open = threading.Event()  # clear while frozen
        self._open.set()
        self._lock = threading.RLock()
        self._links: set[_Link] = set()
        self._listener: socket.socket | None = None
        self._listen()

    # -- for tests --

    def url(self, url: str) -> str:
        """Give `url` with the proxy's address in place of the server's."""
        parts = urlsplit(url)
        login = parts.netloc.rpartition("@")[0]
        at = f"{login}@" if login else ""
        return urlunsplit(parts._replace(netloc=f"{at}{self.host}:{self.port}"))

    def cut(self) -> None:
        """Reset every connection, and refuse new ones until restore()."""
        with self._lock:
            self._close_listener()
            links, self._links = self._links, set()
        for link in links:
            link.reset()

    def restore(self) -> None:
        """Take new connections again after a cut."""
        with self._lock:
            if self._listener is None:
                self._listen()

    def freeze(self) -> None:
        """Keep all bytes back, in both directions; connections are taken, and get no answer."""
        self._open.clear()

    def thaw(self) -> None:
        """Hand on what was kept back, and all that follows."""
        self._open.set()

    def delay(self, seconds: float, side: Side | None = None) -> None:
        """Hold back each byte: from both sides, or from one; a round trip becomes twice as long as `seconds`."""
        for each in ("client", "server") if side is None else (side,):
            self.delays[each] = seconds

    def on_bytes(
        self, pattern: bytes, action: Action, *, side: Side = "client", when: When = "before", nth: int = 1
    ) -> Hook:
        r"""Act when bytes from `side` match for the nth time, before or after they are handed on; once.

        `pattern` is a regular expression. A message of PostgreSQL that says COMMIT: rb"Q....COMMIT"; the server's
        answer to it: rb"C....COMMIT\x00" with side="server".
        """
        named = {"cut": self.cut, "freeze": self.freeze}
        hook = Hook(pattern, named[action] if isinstance(action, str) else action, side, when, nth)
        self.hooks.append(hook)
        return hook

    def close(self) -> None:
        self.cut()
        self._open.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- inside --

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        listener.listen(256)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True, name="proxy-accept").start()

    def _close_listener(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which would keep the port open
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self.accepted += 1
                if self._listener is not listener:
                    _reset(client)
                    return
                link = _Link(self, client)
                self._links.add(link)
            threading.Thread(target=link.run, daemon=True, name="proxy-link").start()

    def _forget(self, link: "_Link") -> None:
        with self._lock:
            self._links.discard(link)


class _Link:
    """One client's connection and its connection to the server."""

    def __init__(self, proxy: Proxy, client: socket.socket) -> None:
        self._proxy, self._sockets = proxy, [client]
        self._closed = False
        self._lock = threading.Lock()

    def run(self) -> None:
        client = self._sockets[0]
        self._proxy._open.wait()
        try:
            server = socket.create_connection(self._proxy.target, timeout=10)
        except OSError:
            self.reset()
            return
        server.settimeout(None)
        with self._lock:
            self._sockets.append(server)
            if self._closed:
                _reset(server)
                return
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _Way(self._proxy, self, "client", client, server).start()
        _Way(self._proxy, self, "server", server, client).start()

    def reset(self) -> None:
        self._end(_reset)

    def close(self) -> None:
        self._end(_close)

    def _end(self, how: Callable[[socket.socket], None]) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for each in self._sockets:
                how(each)
        self._proxy._forget(self)


class _Way:
    """One direction of a link: a reader that takes bytes with their time, a writer that hands them on when due."""

    def __init__(self, proxy: Proxy, link: _Link, side: Side, source: socket.socket, target: socket.socket) -> None:
        self._proxy, self._link, self._side = proxy, link, side
        self._source, self._target = source, target
        self._queue: deque[tuple[float, bytes]] = deque()
        self._ready = threading.Condition()
        self._tail = b""

    def start(self) -> None:
        for work in (self._read, self._write):
            threading.Thread(target=work, daemon=True, name=f"proxy-{self._side}").start()

    def _read(self) -> None:
        data = b"."
        while data:
            try:
                data = self._source.recv(CHUNK)
            except OSError:
                data = b""
            with self._ready:
                self._queue.append((time.monotonic() + self._proxy.delays[self._side], data))
                self._ready.notify()

    def _write(self) -> None:
        while True:
            with self._ready:
                while not self._queue:
                    self._ready.wait()
                due, data = self._queue.popleft()
            time.sleep(max(0.0, due - time.monotonic()))
            self._proxy._open.wait()
            if not data or not self._forward(data):
                self._link.close()
                return

    def _forward(self, data: bytes) -> bool:
        hooks = [hook for hook in self._proxy.hooks if hook.side == self._side and self._sees(hook, data)]
        self._tail = (self._tail + data)[-256:]
        _act([hook for hook in hooks if hook.when == "before"])
        self._proxy._open.wait()
        try:
            self._target.sendall(data)
        except OSError:
            return False
        if after := [hook for hook in hooks if hook.when == "after"]:
            time.sleep(GRACE)
            _act(after)
        return True

    def _sees(self, hook: Hook, data: bytes) -> bool:
        return hook.hits(self._tail + data, len(self._tail))


def _act(hooks: list[Hook]) -> None:
    for hook in hooks:
        hook.fired.set()
        hook.action()


def _reset(each: socket.socket) -> None:
    """End with a reset. SHUT_RD wakes the thread that reads, which would keep the connection open past close()."""
    with suppress(OSError):
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        each.shutdown(socket.SHUT_RD)
    each.close()


def _close(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
