"""Redis: a real server, with and without a password, a user and TLS; and states that it has words for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.steps.wait.looks import look
from tests.support.redis import Redis
from tests.support.speaker import Speaker, says

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.certificates import Authority

REFUSED = "WRONGPASS invalid username-password pair or user is disabled."


@pytest.fixture(scope="module")
def redis(good: tuple[Path, Path]) -> Iterator[Redis]:
    with Redis("--requirepass", "p@ss word", "--user", "app", "on", ">s3cr3t", "+ping", "+select", tls=good) as server:
        yield server


def test_without_a_password() -> None:
    with Redis() as server:
        assert look(f"redis://{server.host}:{server.port}") == (True, "", False)
        assert look(f"redis://{server.host}:{server.port}/15").ready
        assert look(f"redis://{server.host}:{server.port}/99").state == "ERR DB index is out of range"
        assert "without any password configured" in look(f"redis://:pass@{server.host}:{server.port}").state


@pytest.mark.parametrize(
    ("login", "details", "state"),
    [
        ("", {}, "NOAUTH Authentication required."),
        (":p%40ss%20word@", {}, ""),
        (":wrong@", {}, REFUSED),
        ("app:s3cr3t@", {}, ""),
        ("app:wrong@", {}, REFUSED),
        ("", {"password": "p@ss word"}, ""),
        ("", {"user": "app", "password": "s3cr3t"}, ""),
        (":wrong@", {"password": "p@ss word"}, ""),
    ],
)
def test_passwords(redis: Redis, login: str, details: dict[str, str], state: str) -> None:
    assert look(f"redis://{login}{redis.host}:{redis.port}/1", **details) == (not state, state, False)


def test_a_password_file_that_is_corrected_is_read_again(redis: Redis, tmp_path: Path) -> None:
    url = f"redis://{redis.host}:{redis.port}"
    file = tmp_path / "password"
    file.write_text("wrong\n")
    assert look(url, password_file=file).state == REFUSED
    file.write_text("p@ss word\n")
    assert look(url, password_file=file).ready


def test_tls(redis: Redis, authority: Authority) -> None:
    url = f"rediss://:p%40ss%20word@{redis.host}:{redis.tls_port}"
    assert look(url, ca=authority.ca).ready
    assert look(url).state == "TLS: unable to get local issuer certificate"
    assert look(url, insecure=True).ready


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b"-LOADING Redis is loading the dataset in memory\r\n", "LOADING Redis is loading the dataset in memory"),
        (b"-MASTERDOWN Link with MASTER is down\r\n", "MASTERDOWN Link with MASTER is down"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "PING: what it answers is not Redis"),
        (b"+PON", "PING: what it answers is not Redis"),
        (b"+HELLO\r\n", "PING: it answers 'HELLO'"),
        (b"x" * 10_000, "PING: what it answers is not Redis"),
        (b"", "PING: the other side closed the connection"),
    ],
)
def test_answers_that_are_not_ready(answer: bytes, state: str) -> None:
    with Speaker(says(answer)) as server:
        assert look(f"redis://127.0.0.1:{server.port}") == (False, state, False)
