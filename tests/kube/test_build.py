"""The real API server takes all that `kube build` makes, field by field, and its pods where only hardened ones may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kube.cluster import RESOURCES
from tests.manifests.building.made import CASES, WISHES, Json, objects, pods

if TYPE_CHECKING:
    from tests.kube.cluster import Cluster

PATHS = RESOURCES | {
    "serviceaccount": "/api/v1",
    "poddisruptionbudget": "/apis/policy/v1",
    "role": "/apis/rbac.authorization.k8s.io/v1",
    "rolebinding": "/apis/rbac.authorization.k8s.io/v1",
}
STRICT = "dryRun=All&fieldValidation=Strict"


def sent(cluster: Cluster, item: Json) -> str:
    """Ask for it to be made, strictly, without making it; what is said against it."""
    kind = item["kind"].lower()
    if kind == "kustomization":  # of Flux: tests/manifests/building/test_flux.py
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


def test_the_account_may_tell_events_and_no_more(cluster: Cluster) -> None:
    for item in objects("init", events="true"):
        if item["kind"] in ("ServiceAccount", "Role", "RoleBinding"):
            kind = item["kind"].lower()
            cluster.api.make(f"{PATHS[kind]}/namespaces/{cluster.namespace}/{kind}s", item)
    core, apps = (f"/{api}/namespaces/{cluster.namespace}" for api in ("api/v1", "apis/apps/v1"))
    asked = {"spec": {"expirationSeconds": 600}}
    token = cluster.api.make(f"{core}/serviceaccounts/web/token", asked)["status"]["token"]
    event = {
        "metadata": {"name": "x", "namespace": cluster.namespace},
        "involvedObject": {"kind": "Pod", "namespace": cluster.namespace, "name": "x"},
    }
    wishes: list[tuple[str, str, Json | None, int]] = [
        ("POST", f"{core}/events", event, 201),
        ("GET", f"{core}/pods/x", None, 404),  # it may ask, and there is none
        ("GET", f"{apps}/replicasets/x", None, 404),
        ("GET", f"{core}/secrets/x", None, 403),
        ("GET", f"{core}/pods", None, 403),
    ]
    got = [(*one[:3], cluster.api.request(*one[:3], token)[0]) for one in wishes]
    assert got == wishes
