"""Whatever happens between write and rename, the old file is whole, and a re-run completes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import StepFailedError
from tests.support.cli import run_cli, start_cli, until
from tests.support.needs import need_program, need_root

if TYPE_CHECKING:
    from tests.steps.render.conftest import Step


@pytest.mark.parametrize("folder", [False, True], ids=["file", "folder"])
def test_kill_9_between_write_and_rename(step: Step, *, folder: bool) -> None:
    """The new file is on the disk and a validator works on it: nothing was replaced. What is left goes with a later run."""
    source, target = ("from", "to") if folder else ("from/a", "to/a")
    step.write("from/a", "new")
    step.write("to/a", "old")
    validate = "sh -c 'echo $$ > started; exec sleep 61' {}"
    with start_cli(["render", source, target, "--validate", validate], cwd=step.folder) as run:
        until(lambda: (step.folder / "started").exists() and (step.folder / "started").read_text(), "the validator")
        left = [name for name in step.names("to") if name != "a"]
        assert len(left) == 1
        busy = run_cli(["render", "from/a", "to/b"], cwd=step.folder)  # somebody else leaves it alone
        assert busy.returncode == 0
        assert left[0] in step.names("to")
        run.kill9()
    os.kill(int((step.folder / "started").read_text()), 9)
    assert (step.folder / "to/a").read_text() == "old"
    past = time.time() - 60
    os.utime(step.folder / "to" / left[0], (past, past))
    assert step(source, target).changed
    assert (step.folder / "to/a").read_text() == "new"
    assert step.names("to") == ["a", "b"]


MOUNTED = """
set -e
mkdir vol
mount -t tmpfs -o size=256k none vol
echo old > vol/made
{prepare}
{python} -m lockmaster render t vol/made --log-format=text || echo "exit $?"
cat vol/made
ls -A vol
"""


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        ("head -c 200000 /dev/zero | tr '\\0' x > vol/rest", "vol/made: No space left on device"),
        ("mount -o remount,ro vol", "Read-only file system"),
    ],
    ids=["disk full", "read-only"],
)
def test_a_volume_that_takes_no_more(step: Step, prepare: str, message: str) -> None:
    need_root("it mounts")
    unshare = need_program("unshare", "util-linux")
    step.write("t", "x" * 100_000)
    script = MOUNTED.format(python=sys.executable, prepare=prepare)
    done = subprocess.run(
        [unshare, "-m", "sh", "-c", script], capture_output=True, text=True, check=False, cwd=step.folder
    )
    assert done.returncode == 0, done.stderr
    assert message in done.stderr
    assert done.stdout.split()[:3] == ["exit", "20", "old"]
    assert ".lockmaster" not in done.stdout


def test_a_file_that_is_a_mount_of_its_own(step: Step) -> None:
    need_root("it mounts")
    unshare = need_program("unshare", "util-linux")
    step.write("t", "new")
    step.write("made", "old")
    step.write("mounted", "mounted")
    script = (
        f"mount --bind mounted made && {sys.executable} -m lockmaster render t made --log-format=text; cat made; ls -A"
    )
    done = subprocess.run(
        [unshare, "-m", "sh", "-c", script], capture_output=True, text=True, check=False, cwd=step.folder
    )
    assert "mount the folder, not the file" in done.stderr
    assert done.stdout.split() == ["mounted", "made", "mounted", "t"] or done.stdout.startswith("mounted")
    assert ".lockmaster" not in done.stdout


def test_who_cannot_keep_the_owner_replaces_nothing(step: Step) -> None:
    need_root("it becomes another user")
    setpriv = need_program("setpriv", "util-linux")
    step.write("t", "new")
    step.write("to/made", "old")
    os.chown(step.folder / "to/made", 999, 999)
    from tests.support.cli import clean_environment, command

    caps = ["--bounding-set=-chown", "--inh-caps=-chown", "--"]
    done = subprocess.run(
        [setpriv, *caps, *command(["render", "t", "to/made", "--log-format=text"])],
        cwd=step.folder, env=clean_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 20
    assert "its owner 999:999 cannot be kept or set" in done.stderr
    assert (step.names("to"), (step.folder / "to/made").read_text()) == (["made"], "old")


def test_a_name_as_long_as_names_may_be(step: Step) -> None:
    step.write("t", "new")
    name = "a" * 250 + ".conf"
    assert step("t", f"to/{name}").changed
    assert step.names("to") == [name]
    with pytest.raises(StepFailedError):
        step("t", "to/" + "a" * 256)
