"""The database is late, or its network is cut in the middle of a migration."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.cluster.conftest import MANIFESTS
from tests.cluster.images import SHOP
from tests.cluster.namespace import ended, init_status, ready
from tests.cluster.objects import migrate, sleeper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.namespace import Namespace
    from tests.cluster.results import Results
    from tests.support.cluster import OwnCluster

pytestmark = pytest.mark.slow
CUT = 10.0


@pytest.fixture
def no_database(namespace: Namespace) -> Namespace:
    """Give a namespace with the Service of a database that is not up; scale `postgres` to 1 to start it."""
    namespace.apply(MANIFESTS / "postgres.yaml")
    namespace.kubectl("scale", "deployment/postgres", "--replicas=0")
    namespace.until("no database", lambda: not namespace.pods(app="postgres"))
    return namespace


def test_late_database_is_waited_for(no_database: Namespace) -> None:
    """Within --wait-for-database nothing fails: no restart, and no back-off of the kubelet after the database is there."""
    no_database.apply(sleeper("herd", [migrate(f"{SHOP}2")], replicas=3))
    no_database.until("three that wait", lambda: len(_running(no_database)) == 3)
    no_database.kubectl("scale", "deployment/postgres", "--replicas=1")
    no_database.rolled_out("herd")
    pods = no_database.pods(app="herd")
    assert [init_status(pod)["restartCount"] for pod in pods] == [0] * 3
    assert sorted(ready(no_database, pod)["applied"] for pod in pods) == [0, 0, 2]


def test_later_than_we_wait_is_exit_10_and_the_kubelets_back_off(no_database: Namespace, results: Results) -> None:
    no_database.apply(sleeper("herd", [migrate(f"{SHOP}2", "--wait-for-database", "1s")], replicas=1))

    def backs_off() -> bool:
        (pod,) = no_database.pods(app="herd")
        return (
            "CrashLoopBackOff" in str(init_status(pod).get("state")) and ended(init_status(pod)).get("exitCode") == 10
        )

    no_database.until("back-off after exit 10", backs_off)
    began = time.monotonic()
    no_database.kubectl("scale", "deployment/postgres", "--replicas=1")
    no_database.rolled_out("herd")
    (pod,) = no_database.pods(app="herd")
    assert init_status(pod)["restartCount"] >= 1
    assert ready(no_database, pod)["applied"] == 2
    results.note("kubelet in back-off: from the database's start to the pod's", f"{time.monotonic() - began:.0f} s")


def test_network_of_the_database_is_cut_in_the_middle_of_a_migration(
    database: Namespace, own: OwnCluster, results: Results
) -> None:
    """Nobody is told: packets vanish for ten seconds. The migration is made once in the end, and no pod is left behind."""
    database.apply(sleeper("herd", [migrate(f"{SHOP}sleeps")], replicas=3))
    database.until("a pod that migrates", lambda: _sleeping(database))
    (server,) = database.pods(app="postgres")
    address = server["status"]["podIP"]
    with _cut(own, address):
        over = time.monotonic() + CUT
        with pytest.raises(RuntimeError):
            own.on_node("timeout", "2", "bash", "-c", f"exec 3<>/dev/tcp/{address}/5432")
        time.sleep(max(0.0, over - time.monotonic()))
    began = time.monotonic()
    database.rolled_out("herd")
    results.note("from the end of a cut of 10 s in a migration to the roll-out", f"{time.monotonic() - began:.0f} s")
    assert database.sql("SELECT count(*) FROM orders") == ["1"]
    pods = database.pods(app="herd")
    assert [ended(init_status(pod))["exitCode"] for pod in pods] == [0] * 3
    restarts = [init_status(pod)["restartCount"] for pod in pods]
    results.note("restarts of the three pods by that cut", ", ".join(map(str, restarts)))


@contextmanager
def _cut(cluster: OwnCluster, address: str) -> Iterator[None]:
    """Take the pod's end of its cable out of the node's bridge."""
    (neighbour,) = json.loads(cluster.on_node("ip", "-j", "neigh", "show", address))
    table = json.loads(cluster.on_node("bridge", "-j", "fdb", "show", "br", "cni0"))
    device = next(entry["ifname"] for entry in table if entry["mac"] == neighbour["lladdr"])
    cluster.on_node("ip", "link", "set", device, "nomaster")
    try:
        yield
    finally:
        cluster.on_node("ip", "link", "set", device, "master", "cni0")
        cluster.on_node("bridge", "link", "set", "dev", device, "hairpin", "on")


def _running(namespace: Namespace) -> list[object]:
    return [pod for pod in namespace.pods(app="herd") if "running" in init_status(pod).get("state", {})]


def _sleeping(namespace: Namespace) -> list[str]:
    return namespace.sql("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
