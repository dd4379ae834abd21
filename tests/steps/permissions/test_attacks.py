"""Whoever may write to the volume cannot make root touch anything outside of it."""

from __future__ import annotations

import ctypes
import os
import stat
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import StepFailedError
from tests.support.needs import need, need_program, need_root

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.steps.permissions.conftest import Step

VICTIM = 0o644


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder of root's outside the volume, with a file in it."""
    need_root("an attack is made on root")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "shadow").write_text("root:x")
    (outside / "shadow").chmod(VICTIM)
    return outside


def untouched(victim: Path) -> bool:
    """Whether the file and its folder are as they were."""
    file, folder = (victim / "shadow").stat(), victim.stat()
    return (file.st_uid, file.st_gid, stat.S_IMODE(file.st_mode), folder.st_uid) == (0, 0, VICTIM, 0)


def test_links_in_the_volume_are_not_followed(step: Step, tmp_path: Path, victim: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "file").symlink_to(victim / "shadow")
    (volume / "folder").symlink_to(victim)
    (volume / "proc").symlink_to("/proc/self/root")
    step(volume, owner=999, mode="0777", recursive=True, follow=True)
    assert untouched(victim)
    assert (volume / "folder").lstat().st_uid == 999


@pytest.mark.parametrize("path", ["volume/data", "volume/data/", "volume/data/inner", "volume/data/inner/.."])
def test_a_link_on_the_way_to_the_path_is_refused(step: Step, tmp_path: Path, victim: Path, path: str) -> None:
    (victim / "inner").mkdir()
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume/data").symlink_to(victim)
    with pytest.raises(StepFailedError, match="data is a symbolic link to") as raised:
        step(path, owner=999, recursive=True)
    assert "follow: true" in raised.value.hint
    assert untouched(victim)
    with pytest.raises(StepFailedError, match="symbolic link"):
        step("volume/data/new", owner=999, create=True)
    assert not (victim / "new").exists()


def test_follow_allows_a_link_in_the_path_itself(step: Step, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "run").symlink_to("real")
    step("run/cache", mode="0700", create=True, follow=True)
    assert stat.S_IMODE((tmp_path / "real/cache").stat().st_mode) == 0o700


def test_a_hard_link_in_the_volume_is_refused_and_the_rest_is_done(step: Step, tmp_path: Path, victim: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "a").touch()
    os.link(victim / "shadow", volume / "planted")
    with pytest.raises(StepFailedError, match=r"several names.*volume/planted \(2 of 3 changed\)") as raised:
        step(volume, owner=999, mode="u=rwX", recursive=True)
    assert "hard_links: allow" in raised.value.hint
    assert untouched(victim)
    assert (volume / "a").stat().st_uid == 999
    assert not step(volume, owner=999, recursive=True, hard_links="skip").changed
    assert "several names" in step.told()[0]
    assert untouched(victim)
    with pytest.raises(StepFailedError):
        step(volume / "planted", owner=999)
    assert untouched(victim)


def test_hard_links_that_are_right_already_are_nobodys_trouble(step: Step, tmp_path: Path) -> None:
    """A package store with thousands of them is no error once its owner is right; and `allow` makes it so."""
    need_root("it gives files to another user")
    store = tmp_path / "store"
    store.mkdir()
    (store / "a").touch()
    os.link(store / "a", store / "b")
    step(store, owner=999, recursive=True, hard_links="allow")
    assert (store / "b").stat().st_uid == 999
    assert not step(store, owner=999, recursive=True).changed


def test_devices_are_left_alone(step: Step, tmp_path: Path) -> None:
    need_root("only root makes devices")
    volume = tmp_path / "volume"
    volume.mkdir()
    try:
        os.mknod(volume / "disk", 0o600 | stat.S_IFBLK, os.makedev(7, 99))
    except PermissionError:
        need(found=False, reason="needs to make a device")
    os.mkfifo(volume / "pipe")
    step(volume, owner=999, recursive=True)
    assert (volume / "disk").stat().st_uid == 0
    assert (volume / "pipe").stat().st_uid == 999  # and nobody waited for a writer
    assert any("it is a device" in line for line in step.told())


MOUNTS = """
set -e
mkdir -p {volume}/other {volume}/same {outside}
touch {outside}/file {volume}/file
mount -t tmpfs none {volume}/other
touch {volume}/other/file
mount --bind {outside} {volume}/same
{command} permissions {volume} --owner 999 --recursive --log-format=text
stat -c %u {volume}/file {volume}/other/file {volume}/same/file
{command} permissions {volume} --owner 999 --recursive --no-one-file-system --log-format=text
stat -c %u {volume}/other/file {volume}/same/file
"""


def test_what_is_mounted_below_is_left_alone(tmp_path: Path) -> None:
    """Another volume, and also another folder of the same disk, which has the same device number (a subPath)."""
    need_root("it mounts")
    unshare = need_program("unshare", "util-linux")
    script = MOUNTS.format(volume=tmp_path / "v", outside=tmp_path / "o", command=f"{sys.executable} -m lockmaster")
    done = subprocess.run([unshare, "-m", "sh", "-c", script], capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["999", "0", "0", "999", "999"]
    assert "2 of 4 changed" in done.stderr
    assert "4 of 6 changed" in done.stderr
    assert "mounted from elsewhere" in done.stderr


# The attacker works as fast as it can, until it is killed.
ATTACKER = """
import ctypes, os, sys
volume, victim, how = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
os.chdir(volume)
pairs = [(f"dir{i}".encode(), f"evil{i}".encode()) for i in range(8)]
pairs += [(f"file{i}".encode(), f"hard{i}".encode()) for i in range(8)]
print("ready", flush=True)
while how == "swap":
    for a, b in pairs:
        libc.renameat2(-100, a, -100, b, 2)  # RENAME_EXCHANGE: both names exist at any time
while True:
    os.link(victim + "/shadow", "planted")
    os.unlink("planted")
"""


@contextmanager
def attacked(volume: Path, victim: Path, how: str) -> Iterator[None]:
    attacker = subprocess.Popen(
        [sys.executable, "-c", ATTACKER, str(volume), str(victim), how], stdout=subprocess.PIPE, text=True
    )
    try:
        assert attacker.stdout is not None
        assert attacker.stdout.readline() == "ready\n"
        yield
    finally:
        attacker.kill()
        attacker.wait()
        if attacker.stdout:
            attacker.stdout.close()


def goes_on(began: float, *, hit: bool) -> bool:
    """Four seconds; longer on a busy machine, until the attacker has once hit the moment that he is after."""
    return time.monotonic() - began < (4 if hit else 40)


def test_folders_and_files_that_are_swapped_under_the_walk(step: Step, tmp_path: Path, victim: Path) -> None:
    """Some seconds of a walk that always has something to change: nothing outside is ever touched."""
    need(hasattr(ctypes.CDLL(None), "renameat2"), "needs renameat2")
    volume = tmp_path / "volume"
    volume.mkdir()
    for number in range(8):
        (volume / f"dir{number}").mkdir()
        for name in ("shadow", "b", "c"):
            (volume / f"dir{number}/{name}").touch()
        (volume / f"evil{number}").symlink_to(victim)
        (volume / f"file{number}").touch()
        os.link(victim / "shadow", volume / f"hard{number}")
    rounds, swapped = 0, False
    with attacked(volume, victim, "swap"):
        began = time.monotonic()
        while goes_on(began, hit=swapped):
            with suppress(StepFailedError):  # the hard links are seen and refused
                step(volume, owner=998 + rounds % 2, file_mode=f"060{rounds % 2 * 4}", recursive=True)
            swapped = swapped or any("somebody put something else" in line for line in step.told())
            assert untouched(victim)
            rounds += 1
    assert rounds > 10
    assert swapped  # the attacker did hit the moment between look and open, and it did not help


def test_a_hard_link_that_is_gone_when_names_are_counted(step: Step, tmp_path: Path, victim: Path) -> None:
    """Opened by its planted name, and that name removed before the count: then the count is one."""
    volume = tmp_path / "volume"
    volume.mkdir()
    removed = 0
    with attacked(volume, victim, "plant"):
        began = time.monotonic()
        while goes_on(began, hit=removed > 0):
            with suppress(StepFailedError):
                step(volume, owner=999, recursive=True)
            removed += any("somebody put something else" in line for line in step.told())
            with suppress(StepFailedError):
                step(volume / "planted", owner=999)
            removed += any("somebody put something else" in line for line in step.told())
            assert untouched(victim)
    assert removed  # that moment was hit
