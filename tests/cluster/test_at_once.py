"""`make cluster-up` in two terminals: one cluster comes of it, and `down` takes it away."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tests.support import cluster_build
from tests.support.cluster import PROGRAM, START_LIMIT
from tests.support.needs import need_root

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow


@pytest.fixture
def short() -> Iterator[Path]:
    """Give a folder with a short name: a kubelet's sockets in it may have 107 bytes, and tmp_path takes most of them."""
    with TemporaryDirectory(prefix="lm-") as folder:
        yield Path(folder)


def test_two_that_start_it_at_once_get_one_cluster_that_can_be_taken_down(short: Path) -> None:
    """One of them took the other's half-made folder for a left-over; what stayed was refused by up and by down."""
    need_root("makes a cluster")
    state = short / "state"
    programs = ":".join(map(str, cluster_build.programs("kube", "node")))
    environ = os.environ | {"CLUSTER_STATE": str(state), "CLUSTER_PROGRAMS": programs, "CLUSTER_WAIT": str(START_LIMIT)}

    def start(command: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen([PROGRAM, command], env=environ, text=True, stdout=pipe, stderr=subprocess.STDOUT)

    try:
        said = [one.communicate(timeout=3 * START_LIMIT)[0] for one in [start("up"), start("up")]]
        assert ["up after" in text for text in said] == [True, True], said
        assert len({text.rpartition("KUBECONFIG=")[2] for text in said}) == 1
        node = (state / "node.pid").read_text()
        again, _ = start("up").communicate(timeout=START_LIMIT)
        assert "up after" in again
        assert (state / "node.pid").read_text() == node
    finally:
        down = start("down")
        text, _ = down.communicate(timeout=START_LIMIT)
    assert (down.returncode, text) == (0, "")
    assert not state.exists()
