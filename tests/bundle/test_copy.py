"""`lockmaster bundle copy`: whole or not at all, whoever is killed and whatever is there."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.support.needs import need_program, need_root
from tests.support.unprivileged import as_server_user, own
from tools.bundle.digest import digest

pytestmark = pytest.mark.xdist_group("bundle")

DESCRIPTION = "BUNDLE.json"


def copy(bundle: Path, target: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([bundle / "lockmaster", "bundle", "copy", target, *more],
                          capture_output=True, text=True, check=False, env={}, timeout=60)  # fmt: skip


def runs(folder: Path) -> bool:
    done = subprocess.run([folder / "lockmaster", "version"], capture_output=True, check=False, env={}, timeout=60)
    return done.returncode == 0


def test_a_copy_is_the_bundle_and_a_second_one_does_nothing(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "volume"
    first = copy(bundle, target)
    assert (first.returncode, first.stdout) == (0, f"{target}: copied\n"), first.stderr
    assert digest(target) == digest(bundle)
    assert runs(target)
    before = (target / "lockmaster").stat().st_ino
    second = copy(bundle, target)
    assert (second.returncode, second.stdout) == (0, f"{target}: already there\n")
    assert (target / "lockmaster").stat().st_ino == before


def test_the_images_copy_leaves_the_extras_out_unless_asked(image: Path, bundle: Path, tmp_path: Path) -> None:
    small, all_of_it = tmp_path / "small", tmp_path / "all"
    assert copy(image / "lockmaster", small).returncode == 0
    assert digest(small) == digest(bundle)
    assert copy(image / "lockmaster", all_of_it, "--extras").returncode == 0
    assert digest(all_of_it) == digest(image / "lockmaster")
    assert copy(image / "lockmaster", all_of_it).returncode == 0
    assert digest(all_of_it) == digest(bundle)


def test_extras_that_this_bundle_has_not_are_not_said_to_be_there(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "volume"
    assert copy(bundle, target).returncode == 0
    asked = copy(bundle, target, "--extras")
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "no extras" in asked.stderr


def test_another_version_is_replaced_as_a_whole(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "volume"
    assert copy(bundle, target).returncode == 0
    (target / DESCRIPTION).write_text('{"sha256": "of another version"}')
    (target / "lib" / "only-there-before").write_text("old")
    assert copy(bundle, target).stdout == f"{target}: copied\n"
    assert digest(target) == digest(bundle)


def test_an_init_container_copies_as_its_own_user_into_a_folder_that_exists(bundle: Path) -> None:
    """The folder is the mount of a volume, which cannot be renamed; and a strict umask hides nothing from the next user."""
    need_root("other users")
    with tempfile.TemporaryDirectory() as name:
        source, volume = Path(name) / "image", Path(name) / "volume"
        Path(name).chmod(0o755)
        shutil.copytree(bundle, source, symlinks=True)
        volume.mkdir()
        own(volume)
        done = subprocess.run([source / "lockmaster", "bundle", "copy", volume], capture_output=True, text=True,
                              check=False, env={}, timeout=60, umask=0o077, **as_server_user())  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert digest(volume) == digest(bundle)
        assert all(path.stat().st_mode & 0o055 == 0o055 for path in volume.rglob("*") if path.is_dir())


def test_what_is_not_ours_is_refused_and_left_alone(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/libc.so.6").write_text("precious")
    done = copy(bundle, tmp_path)
    assert done.returncode == 2
    assert "that is not of a bundle" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["lib"]


def test_a_full_disk_leaves_nothing_that_looks_whole(bundle: Path, tmp_path: Path) -> None:
    need_root("mounts a small disk")
    script = 'mount -t tmpfs -o size=20m none "$1"; "$2" bundle copy "$1"; echo "exit $?"; ls -A "$1"'
    done = subprocess.run(
        [need_program("unshare", "util-linux"), "--mount", "sh", "-c", script, "sh", tmp_path, bundle / "lockmaster"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout == "exit 20\n", done.stderr  # and the folder is empty
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.crash
def test_whoever_is_killed_leaves_no_half_of_it_that_looks_whole(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "volume"
    began = time.monotonic()
    assert copy(bundle, target).returncode == 0
    whole = time.monotonic() - began
    seed = time.time_ns()
    chance = random.Random(seed)  # noqa: S311
    seen = set()
    for _ in range(12):
        if chance.random() < 0.5:
            (target / DESCRIPTION).write_text('{"sha256": "of another version"}')
        process = subprocess.Popen([bundle / "lockmaster", "bundle", "copy", target], env={}, stdout=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.02, whole * 1.2))
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        there = (target / "lockmaster").exists()
        seen.add(there)
        if there and "of another" not in (target / DESCRIPTION).read_text():
            assert runs(target), seed
            assert digest_of_parts(target) == digest_of_parts(bundle), seed
    done = copy(bundle, target)
    assert done.returncode == 0, (seed, done.stderr)
    assert copy(bundle, target).stdout == f"{target}: already there\n"
    leftover = [path.name for path in target.iterdir() if path.name.startswith(".")]
    assert len(leftover) <= 1, seed


def digest_of_parts(folder: Path) -> list[str]:
    """Without what a killed copy left aside."""
    return [digest(folder / name) for name in ("bin", "lib", "libexec", "THIRD-PARTY")]


def test_an_ordinary_python_has_nothing_to_copy(tmp_path: Path) -> None:
    from tests.support.cli import run_cli

    done = run_cli(["bundle", "copy", str(tmp_path / "x")])
    assert done.returncode == 2
    assert "is not a bundle" in done.stderr
