"""The real API server takes all that `kube build` makes, field by field, and its pods where only hardened ones may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kube.cluster import RESOURCES
from tests.manifests.build.made import CASES, WISHES, Json, objects, pods

if TYPE_CHECKING:
    from tests.kube.cluster import Cluster

pytestmark = pytest.mark.timeout(900)  # helm is built the first time
PATHS = RESOURCES | {
    "serviceaccount": "/api/v1",
    "poddisruptionbudget": "/apis/policy/v1",
}
STRICT = "dryRun=All&fieldValidation=Strict"


def sent(cluster: Cluster, item: Json) -> str:
    """Ask for it to be made, strictly, without making it; what is said against it."""
    kind = item["kind"].lower()
    if kind == "kustomization":  # of Flux: tests/manifests/build/test_flux.py
        return ""
    item["metadata"]["namespace"] = cluster.namespace
    path = f"{PATHS[kind]}/namespaces/{cluster.namespace}/{kind}s?{STRICT}"
    status, answer = cluster.api.request("POST", path, item)
    return "" if status == 201 else f"{kind}: {answer.get('message')}"


@pytest.mark.parametrize(("pattern", "wish"), CASES)
def test_every_field_is_known_and_right(cluster: Cluster, pattern: str, wish: str) -> None:
    found = objects(pattern, **WISHES[wish])
    assert [said for item in found if (said := sent(cluster, item))] == []


@pytest.mark.parametrize(("pattern", "wish"), CASES)
def test_pods_are_let_in_where_the_restricted_standard_is_enforced(cluster: Cluster, pattern: str, wish: str) -> None:
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    cluster.api.patch(f"/api/v1/namespaces/{cluster.namespace}", label)
    found = pods(objects(pattern, **WISHES[wish]))
    made = [{"kind": "Pod", "metadata": {"name": "x"}, "spec": pod["spec"]} for pod in found]
    assert [said for item in made if (said := sent(cluster, item))] == []
    del made[0]["spec"]["securityContext"]["seccompProfile"]
    assert "restricted" in sent(cluster, made[0])  # so it is enforced


def test_a_job_named_by_its_content_asks_for_no_change_of_a_template(cluster: Cluster) -> None:
    """What broke elsewhere: the next version's Job under the same name, `field is immutable`."""
    for image in ("registry.example/web:1", "registry.example/web:2"):
        (job,) = [item for item in objects("job-and-gate", image=image) if item["kind"] == "Job"]
        job["metadata"]["namespace"] = cluster.namespace
        cluster.api.make(cluster.path("job"), job)
    first, second = cluster.api.get(cluster.path("job"))["items"]
    change = {"spec": {"template": second["spec"]["template"]}}
    status, answer = cluster.api.request("PATCH", cluster.path("job", first["metadata"]["name"]), change)
    assert (status, "field is immutable" in answer["message"]) == (422, True)
