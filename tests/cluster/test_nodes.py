"""A pod that migrates has to go: it is evicted, or its node is drained. It ends in order, and another takes over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cluster.images import SHOP
from tests.cluster.namespace import ended, init_status
from tests.cluster.objects import migrate, sleeper

if TYPE_CHECKING:
    from tests.cluster.namespace import Json, Namespace
    from tests.support.cluster import OwnCluster

pytestmark = pytest.mark.slow
NODE = "node"


def test_the_pod_that_migrates_is_evicted(database: Namespace) -> None:
    holder = _start(database)
    name = holder["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": database.name}}
    path = f"/api/v1/namespaces/{database.name}/pods/{name}/eviction"
    database.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))
    _finished(database, holder)


def test_the_node_is_drained_while_a_pod_migrates(database: Namespace, own: OwnCluster) -> None:
    holder = _start(database)
    try:
        own.kubectl("drain", NODE, "--ignore-daemonsets", "--pod-selector=app=herd", "--timeout=120s", limit=180)
        assert not any(pod["spec"].get("nodeName") for pod in database.pods(app="herd"))
        assert database.sql("SELECT to_regclass('orders') IS NULL") == ["t"]
    finally:
        own.kubectl("uncordon", NODE)
    _finished(database, holder)


def _start(namespace: Namespace) -> Json:
    """Three pods, one of which is in a migration that does not end by itself; give that one."""
    namespace.apply(sleeper("herd", [migrate(f"{SHOP}hangs-once")], replicas=3))
    question = "SELECT application_name FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    name = namespace.until("a pod that migrates", lambda: namespace.sql(question))[0].removeprefix("lockmaster/")
    (pod,) = [pod for pod in namespace.pods(app="herd") if pod["metadata"]["name"].endswith(name)]
    return pod


def _finished(namespace: Namespace, holder: Json) -> None:
    """All are up, without the holder, and the second attempt was the one that counts."""
    namespace.rolled_out("herd")
    assert namespace.sql("SELECT last_value FROM attempts") == ["2"]
    assert namespace.sql("SELECT count(*) FROM orders") == ["0"]
    pods = namespace.pods(app="herd")
    assert holder["metadata"]["uid"] not in [pod["metadata"]["uid"] for pod in pods]
    assert [ended(init_status(pod))["exitCode"] for pod in pods] == [0] * 3
