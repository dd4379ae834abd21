"""A Job migrates, and the pods wait at a gate for what the database says, not for the Job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.conftest import MANIFESTS
from tests.cluster.images import SHOP
from tests.cluster.namespace import init_status
from tests.cluster.objects import ENV, container, deployment, migrate, template

if TYPE_CHECKING:
    from tests.cluster.namespace import Json, Namespace

pytestmark = pytest.mark.slow
FOR_A_PERSON = [2, 12, 13, 14, 15, 16]
"""Exit statuses after which another attempt is of no use (docs/exit-codes.md)."""


def job(tag: str, *options: str, **spec: Any) -> Json:
    rule = {"action": "FailJob", "onExitCodes": {"containerName": "migrate", "operator": "In", "values": FOR_A_PERSON}}
    pod = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "containers": [migrate(f"{SHOP}{tag}", *options)],
    }
    policy = {"rules": [rule]}
    return {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate", "labels": {"app": "migrate"}},
        "spec": {"backoffLimit": 6, "podFailurePolicy": policy, "template": {"spec": pod}, **spec},
    }  # fmt: skip


def gated(tag: str, replicas: int) -> Json:
    """Pods that neither migrate nor know of the Job: no privilege, and no token of a service account."""
    gate = container("gate", f"{SHOP}{tag}", "lockmaster", "gate", "--dir", "/migrations", env=ENV)
    sleep = container("app", f"{SHOP}{tag}", "sleep", "infinity")
    pod = template("gated", init=[gate], containers=[sleep], automountServiceAccountToken=False)
    return deployment("gated", pod, replicas=replicas)


def test_job_stops_at_exit_12(database: Namespace) -> None:
    """One pod, and no second try of what cannot work."""
    database.apply(job("bad"))
    database.kubectl("wait", "--for=condition=Failed", "job/migrate", "--timeout=110s")
    status = database.json("get", "job", "migrate")["status"]
    reasons = {one["type"]: one.get("reason") for one in status["conditions"]}
    assert reasons["Failed"] == "PodFailurePolicy"
    assert status["failed"] == 1


def test_job_tries_again_after_exit_10(namespace: Namespace) -> None:
    """The database comes late: pods fail, the Job makes new ones, and completes."""
    namespace.apply(MANIFESTS / "postgres.yaml")
    namespace.kubectl("scale", "deployment/postgres", "--replicas=0")
    namespace.until("no database", lambda: not namespace.pods(app="postgres"))
    namespace.apply(job("2", "--wait-for-database", "1s"))
    namespace.until("a failed pod", lambda: _status(namespace).get("failed", 0) >= 1)
    namespace.kubectl("scale", "deployment/postgres", "--replicas=1")
    namespace.kubectl("wait", "--for=condition=Complete", "job/migrate", "--timeout=200s", limit=240)
    failed = [pod for pod in namespace.pods(**{"job-name": "migrate"}) if pod["status"]["phase"] == "Failed"]
    codes = {pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] for pod in failed}
    assert codes == {10}


def test_gate_opens_when_the_job_is_done_and_stays_open_without_it(database: Namespace) -> None:
    """Its time to live removes the Job at once: a pod that comes later starts all the same."""
    database.apply(gated("2", replicas=3))
    database.until("three at the gate", lambda: len(_at_the_gate(database)) == 3)
    database.apply(job("2", ttlSecondsAfterFinished=0))
    database.rolled_out("gated")
    gone = ["get", "job", "migrate", "--ignore-not-found", "-o", "name"]
    database.until("the Job is removed", lambda: not database.kubectl(*gone).strip())
    database.kubectl("scale", "deployment/gated", "--replicas=4")
    database.rolled_out("gated")
    assert [init_status(pod)["restartCount"] for pod in database.pods(app="gated")] == [0] * 4


def _status(namespace: Namespace) -> Json:
    status: Json = namespace.json("get", "job", "migrate")["status"]
    return status


def _at_the_gate(namespace: Namespace) -> list[Json]:
    return [pod for pod in namespace.pods(app="gated") if "running" in init_status(pod).get("state", {})]
