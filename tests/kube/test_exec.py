"""`exec --lease`: one after the other by a Lease of a real API server, where there is no database with a lock of ours."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import herd, run_cli, start_cli, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kube.cluster import Cluster


@pytest.fixture
def env(cluster: Cluster, tmp_path: Path) -> dict[str, str]:
    config = cluster.api.kubeconfig(tmp_path / "kubeconfig", cluster.namespace, cluster.api.token, 0)
    return {"KUBECONFIG": str(config)}


def argv(log: Path, seconds: float, *options: str) -> list[str]:
    """A command that says when it begins and ends."""
    line = f"date +%s.%N >> {log}; sleep {seconds}; date +%s.%N >> {log}"
    return ["exec", "--lease", "turn", "--log-format", "text", *options, "--", "sh", "-c", line]


def times(log: Path) -> list[float]:
    return [float(line) for line in log.read_text().split()] if log.exists() else []


def test_three_at_once_run_one_after_the_other(env: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = herd(3, argv(log, 0.5), env=lambda number: env | {"POD_NAME": f"pod-{number}"})
    assert [one.returncode for one in done] == [0] * 3, "".join(one.stderr for one in done)
    moments = times(log)
    assert len(moments) == 6
    assert moments == sorted(moments)  # begin, end, begin, end: nobody began before the one before had ended


def test_the_holder_is_killed_and_the_next_one_waits_for_the_lease_to_end(env: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    with start_cli(argv(log, 60), env=env | {"POD_NAME": "first"}) as first:
        until(lambda: times(log), "it works")
        first.kill9()
        killed = time.time()
        done = run_cli(argv(log, 0), env=env | {"POD_NAME": "second"})
        assert done.returncode == 0, done.stderr
        assert "first" in done.stderr  # who has it is told
        moments = times(log)
        assert len(moments) == 3  # the first one's command was ended by its guard
        assert moments[1] > killed


def test_a_lease_keeps_no_keys(env: dict[str, str], tmp_path: Path) -> None:
    done = run_cli(argv(tmp_path / "log", 0, "--once", "k"), env=env)
    assert (done.returncode, "a lease keeps no keys" in done.stderr) == (2, True), done.stderr


def test_outside_of_a_cluster(tmp_path: Path) -> None:
    done = run_cli(argv(tmp_path / "log", 0), env={"HOME": str(tmp_path)})
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert not times(tmp_path / "log")
