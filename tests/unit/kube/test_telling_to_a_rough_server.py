"""An API server that answers nonsense, too much, or for ever: what is told is lost, and nothing else."""

from __future__ import annotations

import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from lockmaster.kube.notes import Note
from lockmaster.kube.telling import Teller
from lockmaster.step_events import Noted
from tests.support.certificates import Authority
from tests.support.cli import until
from tests.support.speaker import Speaker

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from lockmaster.events import Event

OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "a page": OK + b"Content-Length: 13\r\n\r\n<html></html>",
    "a list": OK + b"Content-Length: 2\r\n\r\n[]",
    "an object of another shape": OK + b'Content-Length: 17\r\n\r\n{"metadata":null}',
    "nothing in it": OK + b"Content-Length: 2\r\n\r\n{}",
    "too deep": OK + b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000,
    "too short": OK + b"Content-Length: 99\r\n\r\n{}",
    "no length": OK + b"Content-Length: many\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "another protocol": b"SSH-2.0-x\r\n",
    "nothing": b"",
}


class Tls:
    """Says the same to whoever comes, inside TLS."""

    def __init__(self, folder: Path, speak: Callable[[ssl.SSLSocket], None]) -> None:
        authority = Authority(folder)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(*authority.sign("server", "127.0.0.1"))
        authority.ca.rename(folder / "ca.crt")
        (folder / "token").write_text("a.b.c")
        self._speak = speak

    def __call__(self, connection: socket.socket) -> None:
        with self._tls.wrap_socket(connection, server_side=True) as inside:
            while inside.recv(65536):
                self._speak(inside)


def _teller(server: Speaker, folder: Path, told: list[Event]) -> Teller:
    environ = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(server.port)}
    return Teller(environ, "web-0", told.append, str(folder))


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("what", ANSWERS)
def test_nonsense_is_one_line_and_ends_nothing(what: str, tmp_path: Path) -> None:
    def speak(inside: ssl.SSLSocket) -> None:
        inside.sendall(ANSWERS[what])
        if what in ("too short", "another protocol", "nothing"):
            inside.unwrap()

    told: list[Event] = []
    with Speaker(Tls(tmp_path, speak)) as server:
        teller = _teller(server, tmp_path, told)
        for number in range(3):
            teller.tell(Note("HolderGone", f"number {number}"))
        until(lambda: not teller._notes and not teller._busy, "all of it was tried")
    lines = [event.text for event in told if isinstance(event, Noted)]
    assert lines in ([], ["no Kubernetes Events: what answers is no API server"], ["no Kubernetes Events: status 302"])


def test_an_answer_without_end_is_not_taken_into_memory(tmp_path: Path) -> None:
    sent, hung_up = [0], threading.Event()

    def speak(inside: ssl.SSLSocket) -> None:
        try:
            inside.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
            while sent[0] < 1 << 30:
                inside.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
                sent[0] += 65536
        except OSError:
            hung_up.set()
            raise

    told: list[Event] = []
    with Speaker(Tls(tmp_path, speak)) as server:
        _teller(server, tmp_path, told).tell(Note("MigrationStarted", "x"))
        assert hung_up.wait(30)
    assert sent[0] < 64 << 20
    until(lambda: told, "it is said")
