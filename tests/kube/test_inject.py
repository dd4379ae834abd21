"""What `kube inject` makes is taken by the real API server: strict, dry run, for each kind and each way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lockmaster.manifests.objects import objects
from lockmaster.manifests.stream import Stream, plain
from tests.manifests.inject.files import EXPECTED, injected
from tests.manifests.inject.kinds import KINDS, PLURALS, ROLLOUTS, manifest
from tests.support.cli import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kube.cluster import Cluster
    from tests.support.apiserver import ApiServer

WAYS: dict[str, dict[str, Any]] = {
    "add": {"workloads": ("web",)},
    "add-gate": {"workloads": ("web",), "gate": True, "source": "same-image"},
    "add-image-volume": {"workloads": ("web",), "kubernetes_version": "v1.35.2", "dir": "/app/migrations"},
    "add-configmap": {"workloads": ("web",), "source": "configmap", "dir": "db"},
    "wrap": {"wrap": "migrate"},
    "wrap-image-volume": {"wrap": "migrate", "source": "image-volume"},
    "replace": {"replace": "migrate"},
    "replace-copy": {"replace": "migrate", "source": "copy"},
    "replace-image-volume": {"replace": "migrate", "source": "image-volume", "dir": "/app/prisma/migrations"},
    "replace-configmap": {"replace": "migrate", "source": "configmap", "dir": "db"},
}
FILES = {"20240101_a/migration.sql": b"select 1;\n", "migration_lock.toml": b'provider = "postgresql"\n'}


@pytest.fixture(scope="module")
def rollouts(apiserver: ApiServer) -> Iterator[None]:
    """The kind Rollout, as far as the API server is concerned."""
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    apiserver.make(crds, ROLLOUTS)
    until(lambda: apiserver.request("GET", "/apis/argoproj.io/v1alpha1/rollouts")[0] == 200, "the kind Rollout")
    yield
    apiserver.delete(f"{crds}/rollouts.argoproj.io")


def taken(cluster: Cluster, text: str) -> list[str]:
    """What the API server has against it."""
    problems = []
    for item in objects([Stream("x", text)]):
        version = item.root["apiVersion"]
        plural = PLURALS.get(item.kind, f"{item.kind.lower()}s")
        base = f"/apis/{version}" if "/" in version else f"/api/{version}"
        path = f"{base}/namespaces/{cluster.namespace}/{plural}?dryRun=All&fieldValidation=Strict"
        status, answer = cluster.api.request("POST", path, plain(item.root))
        if status >= 300:
            problems.append(f"{item.title}: {answer.get('message')}")
    return problems


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_taken_in_each_way(cluster: Cluster, rollouts: None, kind: str) -> None:
    text = manifest(kind).replace("0440", "288")  # octal to YAML 1.1 only
    assert taken(cluster, text) == []
    for name, wish in WAYS.items():
        made = injected(text, FILES, **wish)
        assert (name, taken(cluster, made)) == (name, [])
        assert injected(made, remove=True) == text or name.startswith("replace")


def test_the_api_server_would_have_refused_a_field_that_is_not_there(cluster: Cluster) -> None:
    assert (
        "unknown field"
        in taken(cluster, manifest("Pod").replace("  restartPolicy: Never", "  restartPolicies: Never"))[0]
    )


@pytest.mark.parametrize("path", sorted(EXPECTED.iterdir()), ids=lambda path: path.stem)
def test_what_becomes_of_the_example_manifests_is_taken(cluster: Cluster, path: Any) -> None:
    assert taken(cluster, path.read_text()) == []
