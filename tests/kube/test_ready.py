"""When each kind is ready, on objects in a real API server whose status is written as its controller does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lockmaster.errors import StepFailedError
from tests.kube.cluster import POD, condition, stamp, state

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.kube.objects import Observer
    from tests.kube.cluster import Cluster

LABELS = {"app": "web"}


def workload(**more: Any) -> dict[str, Any]:
    spec = POD | {"restartPolicy": "Always"}
    template = {"metadata": {"labels": LABELS}, "spec": spec}
    return {"selector": {"matchLabels": LABELS}, "template": template, **more}


def test_job(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    seen = observe("job/migrate")
    state(seen, "no such Job")
    cluster.make("job", "migrate", spec={"template": {"spec": POD}})
    state(seen, "not started yet")
    cluster.status("job", "migrate", active=1, startTime=stamp())
    state(seen, "running: 1 active")
    cluster.end_job()
    assert state(seen, "complete").ready


def test_job_that_failed_is_the_end(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    cluster.make_job()
    seen = observe("job/migrate")
    state(seen, "running: 1 active")
    cluster.end_job(well=False)
    why = "BackoffLimitExceeded: Job has reached the specified backoff limit"
    with pytest.raises(StepFailedError, match=f"Job {cluster.namespace}/migrate failed: {why}") as failed:
        state(seen, "never")
    assert failed.value.hint == f"kubectl -n {cluster.namespace} logs job/migrate"


def test_job_suspended(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    cluster.make("job", "migrate", spec={"suspend": True, "template": {"spec": POD}})
    cluster.status("job", "migrate", conditions=[condition("Suspended")])
    assert state(observe("job/migrate"), "suspended").ready is False


def test_pod(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    cluster.make("pod", "web-0", spec=POD)
    seen = observe("pod/web-0")
    state(seen, "Pending")
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no"}}
    one = {"name": "main", "ready": False, "restartCount": 0, "image": "x", "imageID": "", "state": waiting}
    cluster.status("pod", "web-0", phase="Pending", containerStatuses=[one])
    state(seen, "Pending: main ImagePullBackOff")
    cluster.status("pod", "web-0", phase="Running", containerStatuses=[], conditions=[condition("Ready", "False")])
    state(seen, "Running, not ready")
    cluster.status("pod", "web-0", phase="Running", conditions=[condition("Ready")])
    assert state(seen, "ready").ready


def test_service(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    seen = observe("service/web")
    state(seen, "no EndpointSlice")
    endpoint: dict[str, Any] = {"addresses": ["192.0.2.1"], "conditions": {"ready": False}}
    body = {"addressType": "IPv4", "endpoints": [endpoint], "ports": []}
    labels = {"kubernetes.io/service-name": "web"}
    cluster.api.make(cluster.path("endpointslice"), {"metadata": {"name": "web-x1", "labels": labels}, **body})
    state(seen, "0 of 1 endpoints ready")
    cluster.api.patch(
        cluster.path("endpointslice", "web-x1"), {"endpoints": [endpoint | {"conditions": {"ready": True}}]}
    )
    assert state(seen, "1 of 1 endpoints ready").ready


def test_service_of_another_name_does_not_count(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    labels = {"kubernetes.io/service-name": "web2"}
    body = {"addressType": "IPv4", "endpoints": [{"addresses": ["192.0.2.1"]}], "ports": []}
    cluster.api.make(cluster.path("endpointslice"), {"metadata": {"name": "web-x1", "labels": labels}, **body})
    assert state(observe("service/web"), "no EndpointSlice").ready is False
    assert state(observe("svc/web2"), "1 of 1 endpoints ready").ready


def test_deployment(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    cluster.make("deployment", "web", spec=workload(replicas=3))
    seen = observe("deployment/web")
    state(seen, "its controller has not seen")
    cluster.status("deployment", "web", observedGeneration=1, replicas=3, updatedReplicas=2)
    state(seen, "2 of 3 replicas updated")
    cluster.status("deployment", "web", replicas=4, updatedReplicas=3, readyReplicas=3, availableReplicas=3)
    state(seen, "1 old replicas still there")
    cluster.status("deployment", "web", replicas=3, readyReplicas=1, availableReplicas=1)
    state(seen, "1 of 3 replicas available")
    stuck = condition("Progressing", "False", reason="ProgressDeadlineExceeded", message="no progress")
    cluster.status("deployment", "web", conditions=[stuck])
    state(seen, "1 of 3 replicas available (stuck: ProgressDeadlineExceeded: no progress)")
    cluster.status("deployment", "web", readyReplicas=3, availableReplicas=3, conditions=[])
    assert state(seen, "3 of 3 replicas available").ready


def test_deployment_that_was_changed_since(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    """What the status says is of the version before: ready then, not now."""
    cluster.make("deployment", "web", spec=workload(replicas=1))
    good = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    cluster.status("deployment", "web", **good, conditions=[condition("Available")])
    assert state(observe("deploy/web"), "1 of 1").ready
    cluster.api.patch(cluster.path("deployment", "web"), {"spec": {"replicas": 2}})
    assert not state(observe("deploy/web"), "its controller has not seen").ready
    assert not state(observe("deploy/web?condition=Available"), "its controller has not seen").ready


def test_deployment_available_is_the_weaker_one(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    cluster.make("deployment", "web", spec=workload(replicas=3))
    some = {"observedGeneration": 1, "replicas": 4, "updatedReplicas": 1, "readyReplicas": 3, "availableReplicas": 3}
    cluster.status("deployment", "web", **some, conditions=[condition("Available", reason="MinimumReplicasAvailable")])
    assert state(observe("deployment/web?condition=Available"), "Available is True").ready
    assert not state(observe("deployment/web"), "1 of 3 replicas updated").ready


def test_statefulset(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    cluster.make("statefulset", "db", spec=workload(replicas=3, serviceName="db", updateStrategy=rolling))
    seen = observe("sts/db")
    state(seen, "its controller has not seen")
    cluster.status("statefulset", "db", observedGeneration=1, replicas=3, readyReplicas=2, availableReplicas=2)
    state(seen, "2 of 3 replicas available")
    cluster.status("statefulset", "db", replicas=3, readyReplicas=3, availableReplicas=3, updatedReplicas=1)
    state(seen, "1 of 2 replicas updated")
    cluster.status("statefulset", "db", replicas=3, updatedReplicas=2)
    assert state(seen, "3 of 3 replicas available").ready


def test_daemonset(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    cluster.make("daemonset", "agent", spec=workload())
    seen = observe("ds/agent")
    state(seen, "its controller has not seen")
    counts = {"currentNumberScheduled": 2, "numberMisscheduled": 0, "desiredNumberScheduled": 2, "numberReady": 1}
    cluster.status("daemonset", "agent", observedGeneration=1, updatedNumberScheduled=1, numberAvailable=2, **counts)
    state(seen, "1 of 2 nodes updated")
    cluster.status("daemonset", "agent", updatedNumberScheduled=2, numberAvailable=1)
    state(seen, "1 of 2 nodes available")
    cluster.status("daemonset", "agent", numberAvailable=2)
    assert state(seen, "2 of 2 nodes available").ready


def test_volume_claim(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    size = {"resources": {"requests": {"storage": "1Gi"}}}
    cluster.make("persistentvolumeclaim", "data", spec={"accessModes": ["ReadWriteOnce"], **size})
    seen = observe("pvc/data")
    state(seen, "Pending")
    cluster.status("persistentvolumeclaim", "data", phase="Bound")
    assert state(seen, "Bound").ready


def test_condition_that_must_be_false(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    cluster.make("pod", "web-0", spec=POD)
    seen = observe("pod/web-0?condition=ContainersReady=False")
    state(seen, "no condition ContainersReady")
    cluster.status("pod", "web-0", conditions=[condition("ContainersReady", "False", reason="Why")])
    assert state(seen, "ContainersReady is False: Why").ready


def test_jsonpath(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    cluster.make("pod", "web-0", spec=POD)
    running = observe("pod/web-0?jsonpath={.status.phase}=Running")
    state(running, "{.status.phase} is Pending")
    address = observe("pod/web-0?jsonpath={.status.podIP}")
    state(address, "{.status.podIP} names no value")
    cluster.status("pod", "web-0", phase="Running", podIP="192.0.2.7", podIPs=[{"ip": "192.0.2.7"}])
    assert state(running, "{.status.phase} is Running").ready
    assert state(address, "{.status.podIP} is 192.0.2.7").ready


def test_exists_and_absent(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    there, away = observe("secret/db?exists"), observe("secret/db?absent")
    assert state(away, "not there").ready
    state(there, "no such Secret")
    cluster.make("secret", "db", stringData={"url": "x"})
    assert state(there, "there").ready
    away = observe("secret/db?absent")
    state(away, "still there")
    cluster.delete("secret", "db")
    assert state(away, "not there").ready


def test_custom_resource_whose_definition_comes_later(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    """The kind is not known to the API server yet; its operator is being installed."""
    group, path = f"{cluster.namespace}.example.com", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    seen = observe(f"widget.{group}/one?condition=Ready")
    state(seen, f"the API server knows no widget.{group}")
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget"}
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    spec = {
        "group": group,
        "names": names,
        "scope": "Namespaced",
        "versions": [version | {"subresources": {"status": {}}}],
    }
    cluster.api.make(path, {"metadata": {"name": f"widgets.{group}"}, "spec": spec})
    state(observe(f"crd/widgets.{group}?condition=Established"), "Established is True")
    state(seen, "no such Widget")
    where = f"/apis/{group}/v1/namespaces/{cluster.namespace}/widgets"
    widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {}}
    cluster.api.make(where, widget)
    state(seen, "no condition Ready")
    cluster.api.status(f"{where}/one", {"conditions": [condition("Ready", observedGeneration=1)]})
    assert state(seen, "Ready is True").ready
    cluster.api.delete(f"{path}/widgets.{group}")
