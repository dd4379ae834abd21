"""A TCP proxy that adds a round trip, in a process of its own so that it disturbs nothing that is measured.

Each direction is held back by half the round trip, whatever is already on its way (a pipe, not a turnstile),
and a new connection costs one round trip more, as a TCP handshake does. It counts connections and turns: a
turn is a time when the client spoke after it had listened and got an answer, plus the handshake (a farewell
is not waited for and does not count). Turns times the round trip is what a distant database costs.

Run as a program it prints its port, and for each line on standard input one JSON line with the counts since
the last.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Self, cast

if TYPE_CHECKING:
    from types import TracebackType

_CHUNK = 1 << 18


@dataclass(frozen=True)
class Counts:
    """What went through the proxy since it was last asked."""

    connections: int
    turns: int


class DelayProxy:
    """The proxy process in front of `host:port`; a context manager whose `.port` is the one to connect to."""

    def __init__(self, host: str, port: int, round_trip: float) -> None:
        command = [sys.executable, "-I", "-S", __file__, host, str(port), str(round_trip)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._line())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def counts(self) -> Counts:
        """Connections and turns since the last call."""
        input_pipe = cast("IO[str]", self._process.stdin)
        input_pipe.write("count\n")
        input_pipe.flush()
        return Counts(**json.loads(self._line()))

    def _line(self) -> str:
        return cast("IO[str]", self._process.stdout).readline()


class _Pipe:
    """One direction of one connection: bytes in arrival order, each chunk with the time when it may leave."""

    def __init__(self, source: socket.socket, target: socket.socket, delay: float) -> None:
        self.source, self.target, self.delay = source, target, delay
        self.waiting: deque[tuple[float, bytes]] = deque()
        self.not_before = 0.0

    def take(self) -> bool:
        """Read what is there; an end of file is queued like data. False when this direction is at its end."""
        try:
            data = self.source.recv(_CHUNK)
        except (ConnectionError, TimeoutError):
            data = b""
        self.waiting.append((max(time.monotonic() + self.delay, self.not_before), data))
        return bool(data)

    def give(self, now: float) -> bool:
        """Send what is due; False when the end of file went out or the other side is gone."""
        while self.waiting and self.waiting[0][0] <= now:
            due, data = self.waiting.popleft()
            try:
                if not data:
                    self.target.shutdown(socket.SHUT_WR)
                    return False
                sent = self.target.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                return False
            if sent < len(data):
                self.waiting.appendleft((due, data[sent:]))
                return True
        return True


class _Proxy:
    def __init__(self, host: str, port: int, round_trip: float) -> None:
        self.upstream, self.round_trip = (host, port), round_trip
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.readable: dict[socket.socket, _Pipe] = {}
        self.pipes: list[_Pipe] = []
        self.client_pipes: set[_Pipe] = set()
        self.client_spoke_last: dict[socket.socket, bool] = {}
        self.connections = self.turns = 0

    def serve(self) -> None:
        """Until standard input ends."""
        while True:
            readers = [sys.stdin, self.listener, *self.readable]
            ready = set(select.select(readers, [], [], self._pause())[0])
            if sys.stdin in ready:
                if not sys.stdin.readline():
                    return
                self._report()
            if self.listener in ready:
                self._accept()
            for source in [one for one in self.readable if one in ready]:
                self._read(source)
            self._forward()

    def _pause(self) -> float | None:
        due = min((pipe.waiting[0][0] for pipe in self.pipes if pipe.waiting), default=None)
        return None if due is None else max(0.0, due - time.monotonic())

    def _accept(self) -> None:
        client, _ = self.listener.accept()
        server = socket.create_connection(self.upstream)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.setblocking(False)  # noqa: FBT003 - the library's own
        towards, back = _Pipe(client, server, self.round_trip / 2), _Pipe(server, client, self.round_trip / 2)
        towards.not_before = time.monotonic() + 1.5 * self.round_trip
        self.readable |= {client: towards, server: back}
        self.pipes += [towards, back]
        self.client_pipes.add(towards)
        self.client_spoke_last[client] = False
        self.connections += 1
        self.turns += 1

    def _read(self, source: socket.socket) -> None:
        pipe = self.readable[source]
        more = pipe.take()
        from_client = pipe in self.client_pipes
        client = pipe.source if from_client else pipe.target
        if more and from_client and not self.client_spoke_last[client]:
            self.turns += 1
        if more:
            self.client_spoke_last[client] = from_client
            return
        del self.readable[source]
        if from_client and self.client_spoke_last[client]:
            self.turns -= 1

    def _forward(self) -> None:
        now = time.monotonic()
        for pipe in list(self.pipes):
            if not pipe.give(now):
                self._end(pipe)

    def _end(self, pipe: _Pipe) -> None:
        """This direction is done; the sockets are closed with the second one."""
        self.pipes.remove(pipe)
        self.readable.pop(pipe.source, None)
        if any(other.source is pipe.target for other in self.pipes):
            return
        client = pipe.source if pipe in self.client_pipes else pipe.target
        self.client_spoke_last.pop(client, None)
        self.client_pipes = {other for other in self.client_pipes if other in self.pipes}
        pipe.source.close()
        pipe.target.close()

    def _report(self) -> None:
        print(json.dumps({"connections": self.connections, "turns": self.turns}), flush=True)
        self.connections = self.turns = 0


def main() -> None:
    """The proxy process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("round_trip", type=float, help="seconds")
    options = parser.parse_args()
    proxy = _Proxy(options.host, options.port, options.round_trip)
    print(proxy.listener.getsockname()[1], flush=True)
    proxy.serve()


if __name__ == "__main__":
    main()
