"""Servers, networks and disks that fail: the old file stays whole, and a later run completes."""

from __future__ import annotations

import re
import resource
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import StepFailedError, UnreachableError
from tests.steps.fetch.looking import names_in
from tests.support.cli import clean_environment, run_cli, start_cli, until
from tests.support.needs import need_root
from tests.support.rough import Asked, Rough, head, reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.steps.fetch.conftest import Fetch
    from tests.support.fileserver import FileServer

BIG = bytes(range(256)) * 4096  # 1 MiB
TAG = '"version-1"'


def hangs(asked: Asked, say: Callable[[bytes], None]) -> None:
    """Accept, read, and never answer."""
    asked.gone.wait()


def trickles(asked: Asked, say: Callable[[bytes], None]) -> None:
    """Send a byte now and then: no time limit of a single read ever ends."""
    say(head(Content_Length="100000"))
    while not asked.gone.wait(0.05):
        say(b"x")


def ranged(data: bytes, tag: str, *, upto: int | None = None) -> Callable[[Asked, Callable[[bytes], None]], None]:
    """Answer as a good server of ranges does, and break off after `upto` bytes."""

    def answer(asked: Asked, say: Callable[[bytes], None]) -> None:
        if asked.headers.get("if-none-match") == tag:
            say(head("304 Not Modified", ETag=tag))
            return
        found = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        start = int(found[1]) if found and asked.headers.get("if-range") == tag else 0
        more = {"Content_Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        status = "206 Partial Content" if start else "200 OK"
        say(
            head(status, ETag=tag, Content_Length=str(len(data) - start), **more)
            + data[start : start + (upto or len(data))]
        )

    return answer


@pytest.fixture(autouse=True)
def old(tmp_path: Path) -> Path:
    """Put an old file at the target."""
    (tmp_path / "target").write_text("old\n")
    return tmp_path / "target"


# -- servers --


def test_a_server_that_never_answers(fetch: Fetch, old: Path) -> None:
    with Rough(hangs) as server, pytest.raises(UnreachableError, match="was not there in time: no answer"):
        fetch(server.url(), deadline=0.5)
    assert old.read_text() == "old\n"


def test_a_server_that_never_answers_is_left_for_the_next_try(fetch: Fetch) -> None:
    with Rough(hangs, reply(b"new\n")) as server:
        assert fetch(server.url(), stall="300ms", retries=1).changed
    (warned,) = fetch.told("Warned")
    assert re.search(r"stalled|timed out", warned.message)


def test_a_body_that_trickles(fetch: Fetch, old: Path) -> None:
    with Rough(trickles) as server, pytest.raises(UnreachableError, match=r"stalled: \d+ of 100000 bytes came"):
        fetch(server.url(), stall="1s")
    assert old.read_text() == "old\n"


def test_a_body_that_is_cut(fetch: Fetch, old: Path) -> None:
    with Rough(reply(b"half", length=8)) as server, pytest.raises(UnreachableError):
        fetch(server.url())
    assert old.read_text() == "old\n"
    assert fetch.left() == []  # without an ETag nothing can be gone on with


def test_a_refused_connection(fetch: Fetch) -> None:
    with Rough(reply(b"")) as server:
        url = server.url()
    with pytest.raises(UnreachableError, match="refused"):
        fetch(url)


def test_a_name_that_is_not_known_yet_is_tried_again(fetch: Fetch) -> None:
    with pytest.raises(UnreachableError, match=r"\(2 tries\)"):
        fetch("http://no.such.host.invalid/x", retries=1)


def test_a_server_that_says_when_to_come_back(fetch: Fetch) -> None:
    busy = reply(b"", "429 Too Many Requests", Retry_After="1")
    with Rough(busy, reply(b"new\n")) as server:
        began = time.monotonic()
        assert fetch(server.url(), retries=1).changed
        assert time.monotonic() - began >= 1


# -- going on --


def test_a_cut_transfer_is_gone_on_with(fetch: Fetch, old: Path) -> None:
    with Rough(ranged(BIG, TAG, upto=300_000), ranged(BIG, TAG)) as server:
        assert fetch(server.url(), retries=1).changed
        first, second = server.asked
    assert "range" not in first.headers
    assert second.headers["range"] == "bytes=300000-"
    assert second.headers["if-range"] == TAG
    assert old.read_bytes() == BIG


def test_a_later_run_goes_on(fetch: Fetch, old: Path) -> None:
    with Rough(ranged(BIG, TAG, upto=300_000), ranged(BIG, TAG)) as server:
        with pytest.raises(UnreachableError):
            fetch(server.url())
        assert old.read_text() == "old\n"
        assert fetch.left() == [".target.lockmaster-part", ".target.lockmaster-part.json"]
        assert fetch(server.url()).changed
        assert server.asked[1].headers["range"] == "bytes=300000-"
    assert old.read_bytes() == BIG
    assert fetch.left() == []


def test_the_file_changes_before_it_is_gone_on_with(fetch: Fetch, old: Path) -> None:
    other = b"another one" * 50_000
    with Rough(ranged(BIG, TAG, upto=300_000), ranged(other, '"version-2"')) as server:
        assert fetch(server.url(), retries=1).changed
    assert old.read_bytes() == other


def test_a_server_that_goes_on_with_another_file(fetch: Fetch, old: Path) -> None:
    """It ignores If-Range: only its ETag tells."""
    other = b"another one" * 50_000

    def careless(asked: Asked, say: Callable[[bytes], None]) -> None:
        if "range" in asked.headers:
            rest = other[300_000:]
            more = {"Content_Range": f"bytes 300000-{len(other) - 1}/{len(other)}", "ETag": '"version-2"'}
            say(head("206 Partial Content", Content_Length=str(len(rest)), **more) + rest)
        else:
            ranged(other, '"version-2"')(asked, say)

    with Rough(ranged(BIG, TAG, upto=300_000), careless) as server:
        assert fetch(server.url(), retries=1).changed
    assert old.read_bytes() == other


def test_a_part_that_is_wrong_is_given_up_when_the_checksum_says_so(fetch: Fetch, old: Path, tmp_path: Path) -> None:
    import hashlib

    with Rough(ranged(BIG, TAG, upto=300_000), ranged(BIG, TAG)) as server:
        with pytest.raises(UnreachableError):
            fetch(server.url())
        with (tmp_path / ".target.lockmaster-part").open("r+b") as file:
            file.write(b"damaged")
        assert fetch(server.url(), sha256=hashlib.sha256(BIG).hexdigest()).changed
    assert old.read_bytes() == BIG


def test_a_part_of_another_address_is_not_gone_on_with(fetch: Fetch, old: Path) -> None:
    with Rough(ranged(BIG, TAG, upto=300_000), reply(b"new\n")) as server:
        with pytest.raises(UnreachableError):
            fetch(server.url("one"))
        assert fetch(server.url("other")).changed
        assert "range" not in server.asked[1].headers
    assert old.read_text() == "new\n"


# -- disks --


def test_a_full_disk(fetch: Fetch, tmp_path: Path) -> None:
    need_root("mounts a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], check=True)
    try:
        (disk / "target").write_text("old\n")
        with Rough(ranged(BIG, TAG)) as server, pytest.raises(StepFailedError) as caught:
            fetch(server.url(), disk / "target", retries=3)
        assert caught.value.message == f"{disk}/target: No space left on device"
        assert (disk / "target").read_text() == "old\n"
        assert names_in(disk) == ["target"]  # and it is not left full
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_file_size_limit(tmp_path: Path, old: Path) -> None:
    with Rough(ranged(BIG, TAG)) as server:
        argv = [sys.executable, "-m", "lockmaster", "fetch", server.url(), str(old)]
        limit = (100_000, resource.RLIM_INFINITY)
        done = subprocess.run(
            argv, env=clean_environment(), capture_output=True, text=True, check=False, timeout=60,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
        )  # fmt: skip
    assert done.returncode == 20, done.stderr
    assert "File too large" in done.stderr
    assert old.read_text() == "old\n"


def test_a_read_only_volume(fetch: Fetch, tmp_path: Path) -> None:
    need_root("mounts a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", disk], check=True)
    try:
        with Rough(reply(b"new\n")) as server, pytest.raises(StepFailedError) as caught:
            fetch(server.url(), disk / "target")
        assert caught.value.message == f"{disk}/target: Read-only file system"
    finally:
        subprocess.run(["umount", disk], check=True)


# -- the end of the process --

# The program, with one system call replaced by its own end: what a kill at this instant leaves is what is there.
KILLED = """
import os, signal, sys
setattr(os, sys.argv.pop(1), lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL))
from lockmaster.cli.__main__ import main
main()
"""


def killed_at(call: str, *argv: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, call, "fetch", *argv],
        env=clean_environment(), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("call", ["fsync", "fchmod"])
def test_killed_when_all_is_written_and_nothing_renamed(fetch: Fetch, old: Path, call: str) -> None:
    with Rough(ranged(BIG, TAG)) as server:
        killed_at(call, server.url(), str(old))
        assert old.read_text() == "old\n"
        assert fetch(server.url()).changed
        assert server.asked[1].headers.get("if-none-match") == TAG
        assert "range" not in server.asked[1].headers  # nothing came twice
    assert old.read_bytes() == BIG
    assert fetch.left() == []


def test_killed_in_the_middle_of_a_transfer(fetch: Fetch, web: FileServer, old: Path, tmp_path: Path) -> None:
    (web.root / "slow").mkdir(exist_ok=True)
    (web.root / "slow/big").write_bytes(BIG)
    part = tmp_path / ".target.lockmaster-part"
    with start_cli(["fetch", web.url("slow/big"), old]) as run:
        until(lambda: part.exists() and part.stat().st_size > 100_000, "a part of it")
        run.kill9()
    assert old.read_text() == "old\n"
    before = len(web.requests())
    assert fetch(web.url("slow/big")).changed
    assert old.read_bytes() == BIG
    until(lambda: len(web.requests()) > before, "the line in the log")
    assert re.fullmatch(r"206 /slow/big range=bytes=[1-9]\d+- .*", web.requests()[-1])


def test_two_at_once(web: FileServer, old: Path, tmp_path: Path) -> None:
    """The second one finds the first one's part locked, and takes one of its own."""
    (web.root / "slow").mkdir(exist_ok=True)
    (web.root / "slow/half").write_bytes(BIG[: 1 << 19])
    part = tmp_path / ".target.lockmaster-part"
    with start_cli(["fetch", web.url("slow/half"), old]) as first:
        until(lambda: part.exists() and part.stat().st_size > 0, "a part of it")
        second = run_cli(["fetch", web.url("slow/half"), old])
        assert second.returncode == 0, second.stderr
        assert first.wait().returncode == 0
    assert old.read_bytes() == BIG[: 1 << 19]
    assert [name for name in names_in(tmp_path) if "part" in name] == []


@pytest.mark.parametrize("behaviour", [hangs, trickles])
def test_sigterm_ends_a_hanging_transfer(behaviour: Callable[..., None], old: Path) -> None:
    with Rough(behaviour) as server, start_cli(["fetch", server.url(), old]) as run:
        until(lambda: server.asked, "the request")
        run.terminate()
        done = run.wait(2.5)
    assert done.returncode == 143, done.stderr
    assert old.read_text() == "old\n"


def test_a_long_transfer_tells_how_far_it_is(web: FileServer, old: Path) -> None:
    (web.root / "slow").mkdir(exist_ok=True)
    (web.root / "slow/long").write_bytes(BIG + BIG[:400_000])
    done = run_cli(["fetch", web.url("slow/long"), old, "--log-format", "text"])
    assert done.returncode == 0, done.stderr
    assert re.search(r"slow/long: \d+ % of 1\.4 MiB, \d+ KiB/s", done.stderr)
