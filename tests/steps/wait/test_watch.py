"""The wait as a whole, by the command line: all at once, a line per change, an end that names what is missing."""

from __future__ import annotations

import json
import signal
import socket
import time
from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import Exit
from tests.steps.wait.looks import changes, events
from tests.support.cli import run_cli, start_cli, until
from tests.support.needs import need_program, need_root
from tests.support.ports import free_port
from tests.support.redis import Redis
from tests.support.speaker import Speaker, drips, silent

if TYPE_CHECKING:
    from pathlib import Path

QUICK = ("--every", "50ms", "--limit", "500ms")
HTTP = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


def test_all_are_ready(mute: Speaker, tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    done = run_cli(["wait", f"tcp://127.0.0.1:{mute.port}", "file:ready", "dns:localhost"], cwd=tmp_path)
    assert done.returncode == Exit.READY, done.stderr
    assert changes(done) == ["ready"] * 3
    assert events(done)[-1]["text"] == "3 targets ready"


def test_a_target_that_comes_later_is_told_once_per_change(tmp_path: Path) -> None:
    """Many looks at a file that is not there, then one at a file without its content, then the last."""
    file = tmp_path / "state"
    with start_cli(["wait", f"file:{file}", "--contains", "done", *QUICK], cwd=tmp_path) as run:
        run.wait_for("not there")
        time.sleep(0.3)
        file.write_text("working")
        run.wait_for("without what matches")
        file.write_text("done")
        done = run.wait(20)
    assert done.returncode == Exit.READY
    assert changes(done) == ["not there", "there, without what matches done", "ready"]


def test_who_was_ready_once_is_not_looked_at_again(tmp_path: Path, mute: Speaker) -> None:
    """Also not when it has gone since; and its second look would be seen in its visits."""
    file = tmp_path / "late"
    with start_cli(["wait", f"tcp://127.0.0.1:{mute.port}", f"file:{file}", *QUICK]) as run:
        run.wait_for("not there")
        until(mute.accepted.is_set, "it was looked at")
        run.wait_for('"ready": true')
        mute.close()
        time.sleep(0.3)
        file.touch()
        assert run.wait(20).returncode == Exit.READY
    assert mute.visits == 1


def test_one_that_never_comes_is_named_with_what_was_seen_last(mute: Speaker, tmp_path: Path) -> None:
    port = free_port()
    log = tmp_path / "termination"
    done = run_cli(
        ["wait", f"tcp://127.0.0.1:{mute.port}", f"tcp://127.0.0.1:{port}", f"redis://:s3cr3t@127.0.0.1:{mute.port}",
         "--timeout", "1500ms", *QUICK, "--termination-log", log]
    )  # fmt: skip
    assert done.returncode == Exit.UNREACHABLE
    error = events(done)[-1]
    assert error["message"] == (
        f"2 of 3 targets not ready after 1.5s: tcp://127.0.0.1:{port}, redis://:***@127.0.0.1:{mute.port}"
    )
    assert error["details"]["seen last"] == (
        f"tcp://127.0.0.1:{port}: connection refused\nredis://:***@127.0.0.1:{mute.port}: AUTH: no answer within 500ms"
    )
    assert error["retry"] is True
    assert "s3cr3t" not in done.stderr + log.read_text()
    assert "AUTH: no answer" in log.read_text()


def test_one_alone_is_told_in_one_sentence() -> None:
    port = free_port()
    done = run_cli(["wait", f"tcp://127.0.0.1:{port}", "--deadline", "300ms", *QUICK])
    assert done.returncode == Exit.UNREACHABLE
    assert events(done)[-1]["message"] == f"tcp://127.0.0.1:{port} is not ready after 300ms: connection refused"


def test_a_look_that_is_still_on_its_way_at_the_end_is_told(mute: Speaker) -> None:
    done = run_cli(["wait", f"http://127.0.0.1:{mute.port}/", "--timeout", "500ms", "--limit", "60s"])
    assert done.returncode == Exit.UNREACHABLE
    assert events(done)[-1]["message"].endswith("is not ready after 500ms: GET: no answer yet")


def test_one_that_is_silent_holds_up_nobody(mute: Speaker) -> None:
    """Each has looks of its own; the silent one has the longest limit."""
    with Redis() as redis:
        urls = [f"http://127.0.0.1:{mute.port}/", f"redis://127.0.0.1:{redis.port}"]
        done = run_cli(["wait", *urls, "--limit", "60s", "--timeout", "5s"])
    assert done.returncode == Exit.UNREACHABLE
    assert changes(done, urls[1]) == ["ready"]


def test_until_absent(tmp_path: Path) -> None:
    """A lock file that goes, a port that is closed; a server that is silent is not absent."""
    lock = tmp_path / "lock"
    lock.touch()
    with Speaker(silent) as server:
        url = f"tcp://127.0.0.1:{server.port}"
        with start_cli(["wait", f"file:{lock}", url, "--until", "absent", *QUICK]) as run:
            run.wait_for("still there")
            until(server.accepted.is_set, "it was looked at")
            lock.unlink()
            server.close()
            done = run.wait(20)
    assert done.returncode == Exit.READY
    assert changes(done, f"file:{lock}") == ["still there", "ready (not there)"]
    assert changes(done, url) == ["still there", "ready (connection refused)"]


def test_a_server_that_starts_is_found(tmp_path: Path) -> None:
    from tests.support.ports import free_port as free

    port = free()
    with start_cli(["wait", f"tcp://127.0.0.1:{port}", "--every", "50ms"]) as run:
        run.wait_for("refused")
        with socket.socket() as server:
            server.bind(("127.0.0.1", port))
            server.listen()
            assert run.wait(20).returncode == Exit.READY


def test_variables_in_a_target_are_put_in_by_the_program_itself() -> None:
    """So that a manifest can name a secret without its value in the arguments of a process."""
    with Redis("--requirepass", "s3cr3t") as redis:
        env = {"REDIS_URL": f"redis://:s3cr3t@127.0.0.1:{redis.port}"}
        done = run_cli(["wait", "${REDIS_URL}"], env=env)
    assert done.returncode == Exit.READY, done.stderr
    assert "s3cr3t" not in done.stderr


def test_no_limit_is_no_limit(tmp_path: Path) -> None:
    with start_cli(["wait", f"file:{tmp_path}/late", "--timeout", "0", *QUICK]) as run:
        run.wait_for("not there")
        (tmp_path / "late").touch()
        assert run.wait(20).returncode == Exit.READY


# -- SIGTERM, while a look hangs --

HANGING = [
    "http",
    "https",
    "redis",
    "rediss",
    "postgres",
    "mysql",
    "amqp",
    "amqps",
    "kafka",
    "mongodb",
    "grpc",
    "grpcs",
]


def is_stopped(run: object, number: signal.Signals = signal.SIGTERM) -> None:
    """It ends, long before the limits of the look and of the wait, with the word for it."""
    run.send(number)  # type: ignore[attr-defined]
    done = run.wait(8)  # type: ignore[attr-defined]
    assert done.returncode == Exit.STOPPED, done.stderr
    assert json.loads(done.stderr.splitlines()[-1])["message"] == f"stopped by {number.name}"


@pytest.mark.parametrize("scheme", HANGING)
def test_stopped_while_a_server_accepts_and_is_silent(mute: Speaker, scheme: str) -> None:
    with start_cli(["wait", f"{scheme}://127.0.0.1:{mute.port}", "--limit", "60s"]) as run:
        until(mute.accepted.is_set, "it was looked at")
        time.sleep(0.3)
        is_stopped(run)


def test_stopped_while_a_body_drips() -> None:
    with Speaker(drips(HTTP)) as server:
        url = f"http://127.0.0.1:{server.port}/"
        with start_cli(["wait", url, "--body", "y", "--limit", "60s"]) as run:
            until(server.accepted.is_set, "it was looked at")
            is_stopped(run, signal.SIGINT)


def test_stopped_between_two_looks(tmp_path: Path) -> None:
    with start_cli(["wait", f"file:{tmp_path}/never", "--every", "10m"]) as run:
        run.wait_for("not there")
        is_stopped(run)


@pytest.mark.parametrize("url", ["tcp://db.example.test:1", "dns:db.example.test", "postgres://u:p@db.example.test/d",
                                 "grpc://db.example.test:1", "mongodb://db.example.test"])  # fmt: skip
def test_a_name_server_that_never_answers(tmp_path: Path, url: str) -> None:
    """The C library waits for half a minute, and cannot be told to stop: its look is given up, and SIGTERM is obeyed."""
    need_root("makes a mount namespace, in which another /etc/resolv.conf is used")
    unshare = need_program("unshare", "util-linux")
    address = f"127.84.{tmp_path.stat().st_ino % 250}.{time.time_ns() % 250 + 1}"
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(f"nameserver {address}\noptions timeout:30 attempts:1\n")
    prefix = [unshare, "--mount", "sh", "-c", f'mount --bind {resolv} /etc/resolv.conf && exec "$@"', "sh"]
    with socket.socket(type=socket.SOCK_DGRAM) as mute_server:
        mute_server.bind((address, 53))
        mute_server.settimeout(20)
        with start_cli(["wait", url, "--limit", "500ms", "--every", "100ms"], prefix=prefix) as run:
            assert b"example" in mute_server.recv(512)
            run.wait_for("answer")
            is_stopped(run)


# -- as a step --


def test_in_a_file_with_details_and_the_timeout_of_the_step(tmp_path: Path, mute: Speaker) -> None:
    (tmp_path / "lockmaster.yaml").write_text(
        f"""
steps:
  - wait: file:lockmaster.yaml
  - wait: [tcp://127.0.0.1:{mute.port}, dns:localhost]
  - name: services
    timeout: 600ms
    wait:
      every: 50ms
      targets:
        - file:lockmaster.yaml
        - {{url: "http://127.0.0.1:{mute.port}/", name: the shop, limit: 200ms}}
"""
    )
    done = run_cli(["up"], cwd=tmp_path)
    assert done.returncode == Exit.UNREACHABLE
    said = events(done)
    assert [event["text"] for event in said if event["event"] == "step-done"] == ["1 target ready", "2 targets ready"]
    assert said[-1]["message"] == "step services: 1 of 2 targets not ready after 600ms: the shop"
    assert said[-1]["details"]["seen last"] == "the shop: GET: no answer within 200ms"


def test_in_parallel_the_failure_of_another_step_ends_the_wait(tmp_path: Path) -> None:
    (tmp_path / "lockmaster.yaml").write_text(
        f"""
steps:
  - parallel:
      - wait: file:never
      - {{wait: "tcp://127.0.0.1:{free_port()}", timeout: 300ms, name: short}}
"""
    )
    done = run_cli(["up"], cwd=tmp_path)
    assert done.returncode == Exit.UNREACHABLE
    assert events(done)[-1]["message"].startswith("step short: ")
