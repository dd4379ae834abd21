"""Tests that are killed leave nothing of a cluster on the machine: no process, no mount, no cgroup, no folder."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import cluster_build
from tests.support.needs import need_root

STARTS = """
from tests.support.home import home
print(home(), flush=True)
from tests.support.cluster import OwnCluster
OwnCluster()
print("up", flush=True)
import time; time.sleep(900)
"""


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["while it starts", "when it is up"])
def test_tests_that_are_killed_leave_nothing(moment: str) -> None:
    need_root("makes a cluster")
    cluster_build.programs("kube", "node")
    with subprocess.Popen([sys.executable, "-c", STARTS], stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout is not None
        home = Path(tests.stdout.readline().strip())
        if moment == "when it is up":
            assert tests.stdout.readline() == "up\n"
        cgroups = _cgroups(home)
        assert _processes(home)
        tests.kill()
    end = time.monotonic() + 60
    while time.monotonic() < end and (home.exists() or _processes(home)):
        time.sleep(0.2)
    assert not home.exists()
    assert not _processes(home)
    assert not [path for path in cgroups if path.exists()]
    assert str(home) not in Path("/proc/mounts").read_text()


def _cgroups(home: Path) -> list[Path]:
    """Give the cgroups of the cluster that starts there, as soon as it has noted them all."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for note in home.glob("cluster-*/state/cgroups"):
            paths = [Path(line) for line in note.read_text().splitlines()]
            if paths and (note.parent / "node.pid").exists():
                return paths
        time.sleep(0.02)
    raise AssertionError(f"no cluster starts in {home}")


def _processes(home: Path) -> list[str]:
    """What runs with the folder on its command line or as a part of its program's path."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            program = str((process / "exe").readlink())
        except OSError:
            continue
        if str(home) in line + program:
            found.append(line)
    return found
