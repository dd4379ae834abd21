"""grpc: a real gRPC server with the standard health service, started as a program."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lockmaster.prepare.steps.wait.probes import grpc as probe
from tests.steps.wait.looks import look
from tests.support import health_server
from tests.support.cli import until
from tests.support.ports import free_port
from tests.support.speaker import Speaker, says

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.certificates import Authority


class Health:
    """The program, and what it is told."""

    def __init__(self, *tls: Path) -> None:
        self.port = free_port()
        argv = [sys.executable, health_server.__file__, str(self.port), *map(str, tls)]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        assert self._process.stdout.readline() == "listening\n"

    def say(self, service: str, status: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{service}={status}\n")
        self._process.stdin.flush()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def health() -> Iterator[Health]:
    server = Health()
    yield server
    server.close()


def test_the_whole_server(health: Health, capfd: pytest.CaptureFixture[str]) -> None:
    url = f"grpc://127.0.0.1:{health.port}"
    assert look(url) == (False, "its health is NOT_SERVING", False)
    health.say("", "SERVING")
    until(lambda: look(url).ready, "it serves")
    assert look(url) == (True, "SERVING", False)
    health.say("", "UNKNOWN")  # the first value of an enum is not on the wire at all
    until(lambda: look(url).state == "its health is UNKNOWN", "it does not know")
    assert capfd.readouterr().err == ""


def test_a_service(health: Health) -> None:
    name = "shop.Orders" + "x" * 200  # its length has two bytes on the wire
    url = f"grpc://127.0.0.1:{health.port}/{name}"
    assert look(url).state == f"it knows no service {name!r}"
    health.say(name, "SERVING")
    until(lambda: look(url).ready, "it serves")


def test_tls(good: tuple[Path, Path], authority: Authority) -> None:
    server = Health(*good)
    server.say("", "SERVING")
    try:
        url = f"grpcs://localhost:{server.port}"
        until(lambda: look(url, ca=authority.ca).ready, lambda: str(look(url, ca=authority.ca)))
        assert look(url, limit=2.0).state.startswith("TLS: ")
    finally:
        server.close()


def test_servers_that_answer_wrongly(mute: Speaker, capfd: pytest.CaptureFixture[str]) -> None:
    assert look(f"grpc://127.0.0.1:{free_port()}").state == "connection refused"
    seen = look(f"grpc://127.0.0.1:{mute.port}", limit=1.0)
    assert seen.state == "asking for its health: no answer within 1s"
    with Speaker(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        assert not look(f"grpc://127.0.0.1:{server.port}", limit=1.0).ready
    assert capfd.readouterr().err == ""


def test_a_server_without_a_health_service() -> None:
    from concurrent import futures

    import grpc

    server = grpc.server(futures.ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    assert look(f"grpc://127.0.0.1:{port}").state == "it has no health service (grpc.health.v1)"
    server.stop(None)


@pytest.mark.parametrize(
    ("answer", "status"),
    [(b"", "UNKNOWN"), (b"\x08\x01", "SERVING"), (b"\x08\x03", "SERVICE_UNKNOWN"), (b"\x08\x09", "9")],
)
def test_answers_as_protobuf_has_them(answer: bytes, status: str) -> None:
    assert probe._status(answer) == status
