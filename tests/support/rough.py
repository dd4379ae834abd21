r"""A server that answers as no good server does, on purpose: real connections, hand-written bytes.

def cut(asked, say): say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
with Rough(cut, whole) as server: ...   # the first request is answered by `cut`, all later ones by `whole`
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self


class Asked(NamedTuple):
    """One request."""

    line: str
    headers: dict[str, str]  # names in lower case
    gone: threading.Event  # set when the server closes


Answer = Callable[[Asked, Callable[[bytes], None]], None]


def reply(body: bytes, status: str = "200 OK", length: int | None = None, **headers: str) -> Answer:
    """Answer with this body, and with a length that may be another one."""

    def answer(_: Asked, say: Callable[[bytes], None]) -> None:
        say(head(status, Content_Length=str(len(body) if length is None else length), **headers) + body)

    return answer


def head(status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Connection: close", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Rough:
    """One server. `asked` holds the requests."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked: list[Asked] = []
        self._gone = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def url(self, name: str = "file") -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            text = b""
            while b"\r\n\r\n" not in text:
                if not (more := connection.recv(4096)):
                    return
                text += more
            line, *lines = text.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (item.partition(":") for item in lines)}
            asked = Asked(line, headers, self._gone)
            self.asked.append(asked)
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            answer(asked, connection.sendall)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gone.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
