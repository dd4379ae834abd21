"""Archives become folders: whole, or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import StepFailedError, UsageError
from tests.steps.fetch.archive import hard, link, tar, zipped
from tests.steps.fetch.looking import mode_of, names_in, tree
from tests.support.cli import clean_environment
from tests.support.needs import need_program, need_root

if TYPE_CHECKING:
    from pathlib import Path

    from tests.steps.fetch.conftest import Fetch
    from tests.support.fileserver import FileServer

FILES = (("top/a.txt", "hello\n"), ("top/deep/er/b.txt", "there\n"), ("top/l", link("deep/er/b.txt")))


@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:bz2", "w:xz"])
def test_a_tar(fetch: Fetch, tmp_path: Path, mode: str) -> None:
    outcome = fetch(f"file://{tar(tmp_path / 'x', *FILES, mode=mode)}", unpack=True)
    assert (outcome.changed, outcome.text) == (True, "fetched 3 files, 12 bytes")
    assert (tmp_path / "target/top/l").read_text() == "there\n"
    assert tree(tmp_path / "target") == ["top", "top/a.txt", "top/deep", "top/deep/er", "top/deep/er/b.txt", "top/l"]
    assert fetch.left() == []


def test_a_zip(fetch: Fetch, tmp_path: Path) -> None:
    fetch(f"file://{zipped(tmp_path / 'x', *FILES)}", unpack=True, strip=1)
    assert tree(tmp_path / "target") == ["a.txt", "deep", "deep/er", "deep/er/b.txt", "l"]
    assert (tmp_path / "target/l").read_text() == "there\n"


def test_a_tar_zst(fetch: Fetch, tmp_path: Path) -> None:
    zstd = need_program("zstd", "zstd")
    plain = tar(tmp_path / "x", *FILES, mode="w:")
    subprocess.run([zstd, "-q", plain, "-o", tmp_path / "x.zst"], check=True)
    if sys.version_info >= (3, 14):
        assert fetch(f"file://{tmp_path}/x.zst", unpack=True).changed
    else:
        with pytest.raises(UsageError) as caught:
            fetch(f"file://{tmp_path}/x.zst", unpack=True)
        assert caught.value.message == "this Python cannot read zstd"
        assert "backports.zstd" in caught.value.hint
        assert fetch.left() == []


def test_hard_links_in_it(fetch: Fetch, tmp_path: Path) -> None:
    fetch(f"file://{tar(tmp_path / 'x', ('d/a', 'text'), ('d/b', hard('d/a')))}", unpack=True, strip=1)
    assert (tmp_path / "target/b").read_text() == "text"


def test_mode_and_owner_of_all(fetch: Fetch, tmp_path: Path) -> None:
    need_root("gives files away")
    fetch(f"file://{tar(tmp_path / 'x', *FILES)}", unpack=True, mode="0440", owner="12:34")
    for name in ("top", "top/a.txt", "top/deep", "top/l", "."):
        found = os.lstat(tmp_path / "target" / name)
        assert (found.st_uid, found.st_gid) == (12, 34)
    assert mode_of(tmp_path / "target/top/a.txt") == 0o440
    assert mode_of(tmp_path / "target/top") == 0o550
    assert fetch(f"file://{tar(tmp_path / 'y', *FILES)}", unpack=True, mode="0440").changed  # and it can be replaced


def test_a_program_stays_one(fetch: Fetch, tmp_path: Path) -> None:
    fetch(f"file://{tar(tmp_path / 'x', ('run', {'mode': 0o755}), ('data', {'mode': 0o664}))}", unpack=True)
    assert mode_of(tmp_path / "target/run") == 0o755
    assert mode_of(tmp_path / "target/data") == 0o644


def test_a_symbolic_mode(fetch: Fetch, tmp_path: Path) -> None:
    members = [("run", {"mode": 0o755}), ("d/data", {"mode": 0o644})]
    fetch(f"file://{tar(tmp_path / 'x', *members)}", unpack=True, mode="g=u,o=")
    modes = {name: mode_of(tmp_path / "target" / name) for name in ("run", "d/data", "d", ".")}
    assert modes == {"run": 0o770, "d/data": 0o660, "d": 0o770, ".": 0o770}
    fetch(f"file://{tmp_path}/target/run", "one", mode="u=rw,g=r,o=")
    assert mode_of(tmp_path / "one") == 0o640


def test_a_python_without_a_filter_for_data(fetch: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11.2, which Debian 12 has: unpacking ended as a bug."""
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    assert fetch(f"file://{tar(tmp_path / 'x', ('run', {'mode': 0o6777}))}", unpack=True).changed
    assert mode_of(tmp_path / "target/run") == 0o755


def test_an_owner_that_may_not_be_set(fetch: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system refuses it to everybody but root."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refuse)
    with pytest.raises(StepFailedError) as caught:
        fetch(f"file://{tar(tmp_path / 'x', *FILES)}", unpack=True, owner="0:0")
    assert caught.value.message == "target: its owner may not be set"
    assert names_in(tmp_path) == ["x"]


def test_unchanged(fetch: Fetch, web: FileServer, tmp_path: Path) -> None:
    tar(web.root / "x.tar.gz", *FILES)
    assert fetch(web.url("x.tar.gz"), unpack=True).changed
    assert fetch(web.url("x.tar.gz"), unpack=True).text == "unchanged"
    assert web.requests()[-1].startswith("304")
    digest = hashlib.sha256((web.root / "x.tar.gz").read_bytes()).hexdigest()
    before = len(web.requests())
    assert fetch(web.url("x.tar.gz"), unpack=True, sha256=digest).text == "unchanged"
    assert len(web.requests()) == before
    (tmp_path / "target/top/a.txt").write_text("mine")
    assert fetch(web.url("x.tar.gz"), unpack=True, sha256=digest).changed
    assert (tmp_path / "target/top/a.txt").read_text() == "hello\n"


def test_the_folder_is_replaced_as_a_whole(fetch: Fetch, web: FileServer, tmp_path: Path) -> None:
    tar(web.root / "y.tar.gz", *FILES)
    fetch(web.url("y.tar.gz"), unpack=True)
    old = os.open(tmp_path / "target", os.O_RDONLY)
    tar(web.root / "y.tar.gz", ("other", "x"))
    assert fetch(web.url("y.tar.gz"), unpack=True).changed
    assert tree(tmp_path / "target") == ["other"]
    assert os.listdir(old) == []  # noqa: PTH208 - a descriptor: it was another folder, and is empty
    os.close(old)


def test_a_folder_of_somebody_else_is_not_lost(fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target/precious").write_text("x")
    source = f"file://{tar(tmp_path / 'x', *FILES)}"
    with pytest.raises(StepFailedError, match="target has something in it that fetch did not put there"):
        fetch(source, unpack=True)
    assert tree(tmp_path / "target") == ["precious"]
    assert fetch(source, unpack=True, replace=True).changed
    assert tree(tmp_path / "target")[0] == "top"


def test_a_broken_archive(fetch: Fetch, tmp_path: Path) -> None:
    whole = tar(tmp_path / "x", ("a", os.urandom(200_000))).read_bytes()
    for name, data in {
        "half": whole[:100_000],
        "none": b"<html>not found</html>",
        "empty": b"",
        "tail": whole[:-9],
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(StepFailedError) as caught:
            fetch(f"file://{tmp_path}/{name}", unpack=True)
        assert re.match(rf"file://{tmp_path}/{name}: (the archive is broken|it is no archive)", caught.value.message)
        assert not (tmp_path / "target").exists()
        assert fetch.left() == []


def test_through_an_etag_cache(fetch: Fetch, web: FileServer, tmp_path: Path) -> None:
    tar(web.root / "z.tar.gz", *FILES)
    for name in ("one", "two"):
        assert fetch(web.url("z.tar.gz"), name, unpack=True, strip=1, etag_cache="cache").changed
        assert (tmp_path / name / "a.txt").read_text() == "hello\n"
    assert web.requests()[-1].startswith("304")
    assert not fetch(web.url("z.tar.gz"), "two", unpack=True, strip=1, etag_cache="cache").changed


# -- mount points, and what a kill leaves --


def test_a_mount_point_is_filled(fetch: Fetch, tmp_path: Path) -> None:
    """An emptyDir at the target: the folder itself cannot be renamed."""
    need_root("mounts a file system")
    disk = tmp_path / "target"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", disk], check=True)
    try:
        (disk / "lost+found").mkdir()
        archive = tmp_path / "x"
        assert fetch(f"file://{tar(archive, *FILES)}", unpack=True, strip=1).changed
        assert fetch(f"file://{archive}", unpack=True, strip=1).text == "unchanged"
        tar(archive, ("top/c.txt", "new"), ("top/deep/d.txt", "new"))
        assert fetch(f"file://{archive}", unpack=True, strip=1).changed
        assert tree(disk) == [".lockmaster", "c.txt", "deep", "deep/d.txt", "lost+found"]
        (disk / "e.txt").write_text("mine")
        tar(archive, ("top/e.txt", "theirs"))
        with pytest.raises(StepFailedError, match=r"target/e\.txt is there, and fetch did not put it there"):
            fetch(f"file://{archive}", unpack=True, strip=1)
        assert (disk / "e.txt").read_text() == "mine"
        assert (disk / "c.txt").exists()
    finally:
        subprocess.run(["umount", disk], check=True)


KILLED = """
import os, signal, sys
from lockmaster.prepare.steps.fetch import folders
end = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
moment = sys.argv.pop(1)
if moment == "before": folders.put = end
if moment == "after": folders.sync_folder = end
if moment == "between":
    folders._exchange = lambda *a: False
    rename, count = os.rename, iter(range(9))
    os.rename = lambda *a: end() if next(count) else rename(*a)
from lockmaster.cli.__main__ import main
main()
"""


@pytest.mark.parametrize("moment", ["before", "between", "after"])
def test_killed_around_the_change(fetch: Fetch, tmp_path: Path, moment: str) -> None:
    archive = tmp_path / "x"
    fetch(f"file://{tar(archive, *FILES)}", unpack=True)
    tar(archive, ("other", "x"))
    argv = [sys.executable, "-c", KILLED, moment, "fetch", f"file://{archive}", tmp_path / "target", "--unpack"]
    done = subprocess.run(argv, env=clean_environment(), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -9, done.stderr
    if moment == "before":
        assert tree(tmp_path / "target")[0] == "top"
    if moment == "between":  # where names cannot be exchanged
        assert not (tmp_path / "target").exists()
        with pytest.raises(StepFailedError):  # a run that fails brings the old one back
            fetch(f"file://{tmp_path}/missing", unpack=True)
        assert tree(tmp_path / "target")[0] == "top"
    assert fetch(f"file://{archive}", unpack=True).changed
    assert tree(tmp_path / "target") == ["other"]
    assert fetch.left() == []


def test_many_entries(fetch: Fetch, tmp_path: Path) -> None:
    archive = tmp_path / "x"
    with tarfile.open(archive, "w:gz", compresslevel=1) as made:
        for number in range(3000):
            made.addfile(tarfile.TarInfo(f"{number % 100}/{number}"))
    assert fetch(f"file://{archive}", unpack=True).text == "fetched 3000 files, 0 bytes"
    assert sum(len(names) for _, _, names in os.walk(tmp_path / "target")) == 3000
