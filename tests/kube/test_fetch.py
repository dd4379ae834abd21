"""`fetch` of a value of a ConfigMap or a Secret, as a step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import run_cli, start_cli

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.kube.cluster import Cluster

SECRET = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["db"], "verbs": ["get"]}


def steps(folder: Path, source: str) -> None:
    (folder / "lockmaster.yaml").write_text(f"steps:\n  - fetch: {{from: '{source}', to: out}}\n")


def up(cluster: Cluster, source: str, token: str = "") -> subprocess.CompletedProcess[str]:
    steps(cluster.folder, source)
    return run_cli(["up"], env=environ(cluster, token), cwd=cluster.folder)


def environ(cluster: Cluster, token: str = "") -> dict[str, str]:
    path = cluster.api.kubeconfig(cluster.folder / "config", cluster.namespace, token or cluster.api.token)
    return {"KUBECONFIG": str(path)}


def test_configmap_and_again(cluster: Cluster) -> None:
    cluster.make("configmap", "app", data={"app.yaml": "größe: 1\n"})
    done = up(cluster, "configmap://app/app.yaml")
    assert done.returncode == 0, done.stderr
    assert (cluster.folder / "out").read_text("utf-8") == "größe: 1\n"
    assert "unchanged" in up(cluster, f"configmap://{cluster.namespace}/app/app.yaml").stderr
    cluster.api.patch(cluster.path("configmap", "app"), {"data": {"app.yaml": "2"}})
    assert up(cluster, "configmap://app/app.yaml").returncode == 0
    assert (cluster.folder / "out").read_text() == "2"


def test_secret_is_for_its_owner_alone_and_in_no_log(cluster: Cluster) -> None:
    cluster.make("secret", "db", stringData={"url": "hunter2-and-more"})
    done = up(cluster, "secret://db/url")
    assert done.returncode == 0, done.stderr
    out = cluster.folder / "out"
    assert (out.read_text(), out.stat().st_mode & 0o777) == ("hunter2-and-more", 0o600)
    assert "hunter2" not in done.stdout + done.stderr


def test_refused_then_granted_while_it_waits(cluster: Cluster) -> None:
    cluster.make("secret", "db", stringData={"url": "x"})
    token = cluster.api.waiter_token(cluster.namespace)
    done = up(cluster, "secret://db/url", token)
    assert done.returncode == 16
    assert 'resourceNames: ["db"]\n  verbs: ["get"]' in json.loads(done.stderr.splitlines()[-1])["hint"]
    steps(cluster.folder, "secret://db/url")
    with start_cli(["up"], env=environ(cluster, token), cwd=cluster.folder) as run:
        run.wait_for("may not get secrets db")
        cluster.api.grant(cluster.namespace, [SECRET])
        assert run.wait().returncode == 0


@pytest.mark.parametrize(
    ("source", "status", "told"),
    [
        ("secret://none/url", 20, "there is no Secret"),
        ("secret://db/none", 20, "has no key 'none'"),
        ("secret://db", 2, "names no key of an object"),
    ],
)
def test_not_there(cluster: Cluster, source: str, status: int, told: str) -> None:
    cluster.make("secret", "db", stringData={"url": "x"})
    done = up(cluster, source)
    assert (done.returncode, told in done.stderr) == (status, True), done.stderr
