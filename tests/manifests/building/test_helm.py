"""The chart, by the real helm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.manifests.building.helm import chart, helm, rendered
from tests.manifests.building.made import WISHES, Json, containers, files, load, one, pods

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("wish", WISHES)
def test_helm_has_nothing_to_say_against_it(wish: str, tmp_path: Path) -> None:
    chart(tmp_path, files("helm-hook", **WISHES[wish]))
    said = helm(tmp_path, "lint", "--strict", "web", "--set", "migration.url=postgresql://h/d")
    assert [line for line in said.splitlines() if line.startswith("[")] == ["[INFO] Chart.yaml: icon is recommended"]


def hooks(found: list[Json]) -> dict[str, tuple[str, int]]:
    kept = [item for item in found if "helm.sh/hook" in item["metadata"].get("annotations", {})]
    return {
        item["kind"]: (
            item["metadata"]["annotations"]["helm.sh/hook"],
            int(item["metadata"]["annotations"]["helm.sh/hook-weight"]),
        )
        for item in kept
    }


def test_what_the_job_needs_is_there_before_it() -> None:
    found = load(rendered(files("helm-hook"), "--set", "migration.url=postgresql://o:p@h/d?a=b: #c"))
    when = "pre-install,pre-upgrade"
    assert hooks(found) == {"Secret": (when, -10), "ServiceAccount": (when, -10), "Job": (when, 0)}
    assert one(found, "Secret")["stringData"] == {"url": "postgresql://o:p@h/d?a=b: #c"}
    job = one(found, "Job")
    assert containers(job["spec"]["template"])["migrate"]["env"][0]["valueFrom"]["secretKeyRef"] == {
        "name": one(found, "Secret")["metadata"]["name"],
        "key": "url",
    }


def test_without_a_url_the_secret_is_somebody_elses() -> None:
    assert set(hooks(load(rendered(files("helm-hook"))))) == {"ServiceAccount", "Job"}


def test_values_go_where_they_belong() -> None:
    sets = {"image": "other:3", "replicas": "5", "port": "3000", "database.secret": "a", "migration.secret": "b"}
    words = [word for pair in sets.items() for word in ("--set", "=".join(pair))]
    found = load(rendered(files("helm-hook", **WISHES["copy"]), *words))
    app, job = one(found, "Deployment"), one(found, "Job")
    assert app["spec"]["replicas"] == 5
    web = containers(app["spec"]["template"])["app"]
    assert (web["image"], web["ports"]) == ("other:3", [{"name": "http", "containerPort": 3000}])
    keys = [
        item["env"][0]["valueFrom"]["secretKeyRef"]["name"]
        for item in (web, containers(job["spec"]["template"])["migrate"])
    ]
    assert keys == ["a", "b"]
    assert {containers(pod)["lockmaster-copy"]["image"] for pod in pods(found)} == {"other:3"}


def test_one_replica_has_no_budget() -> None:
    assert "PodDisruptionBudget" not in rendered(files("helm-hook"), "--set", "replicas=1")


@pytest.mark.parametrize("release", ["true", "y", "w" * 53])
def test_a_release_with_a_name_of_its_own(release: str, tmp_path: Path) -> None:
    chart(tmp_path, files("helm-hook"))
    found = load(helm(tmp_path, "template", release, "./web"))
    assert one(found, "Service")["spec"]["selector"] == {"app.kubernetes.io/name": release}
    assert one(found, "Job")["metadata"]["name"] == f"{release}-migrate"
