"""`lockmaster kube check --live` on a real API server, which has filled in its defaults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockmaster.kube.survey import survey
from lockmaster.manifests.check.live import Snapshot
from lockmaster.manifests.check.mend import mend
from lockmaster.manifests.check.run import checks, examine
from lockmaster.manifests.stream import Stream, plain, read
from tests.kube.cluster import POD
from tests.kube.test_wait import kubeconfig
from tests.support.cli import run_cli

if TYPE_CHECKING:
    import subprocess

    from tests.kube.cluster import Cluster

CHECK = Path(__file__).parents[1] / "manifests" / "check"
BACKEND = CHECK / "manifests" / "my-backend-deployment.yaml"


def apply(cluster: Cluster, path: Path) -> None:
    for document in read(str(path)).documents:
        root = plain(document.root)
        cluster.make(root["kind"].lower(), root["metadata"]["name"], spec=root["spec"])


def check(cluster: Cluster, *options: str, token: str = "") -> subprocess.CompletedProcess[str]:
    return run_cli(["kube", "check", "--live", *options], env=kubeconfig(cluster, token))


def found(done: subprocess.CompletedProcess[str]) -> list[tuple[str, str]]:
    return [(one["rule"], f"{one['object']['kind']} {one['path']}") for one in json.loads(done.stdout)["findings"]]


def test_what_is_wrong_is_found_at_its_path(cluster: Cluster) -> None:
    apply(cluster, BACKEND)
    done = check(cluster, "--output", "json")
    assert done.returncode == 3, done.stderr
    pod = "Deployment spec.template.spec"
    migration = f"{pod}.initContainers[0]"
    assert sorted(found(done)) == [
        ("init-deadline", migration),
        ("latest-tag", f"{pod}.containers[0].image"),
        ("latest-tag", f"{pod}.initContainers[0].image"),
        ("missing-resources", migration),
        ("npx-download", f"{migration}.args"),
        ("runs-as-root", migration),
        ("termination-message", migration),
    ]
    text = check(cluster).stdout
    assert text.startswith(f"Deployment/{cluster.namespace}/my-backend-deployment\n  spec.template.spec.")
    assert "\n  spec.template.spec.initContainers[0]\n    warning: " in text


def test_the_defaults_of_the_server_are_no_findings(cluster: Cluster) -> None:
    """Every good example comes back full of defaults, and is still good."""
    seen = 0
    for path in sorted((CHECK / "examples").glob("*.good.yaml")):
        for document in read(str(path)).documents:
            root = plain(document.root)
            kind = root["kind"]
            if kind not in ("Deployment", "Job"):
                continue
            name = f"x{seen}"
            body = {"metadata": root["metadata"] | {"name": name}, "spec": root["spec"]}
            made = cluster.api.make(cluster.path(kind.lower()), body)
            assert [one.rule.id for one in examine([Snapshot([made])], checks(), live=True).findings] == [], path.name
            seen += 1
    assert seen >= 45


REFUSED = ("selector", "surge-zero", "init-probe")


@pytest.mark.parametrize("rule", REFUSED)
def test_what_is_said_to_be_refused_is_refused_and_mended_is_not(cluster: Cluster, rule: str) -> None:
    text = (CHECK / "examples" / f"{rule}.bad.yaml").read_text()
    stream = Stream("x", text.replace("  name: shop\n", "  name: shop\n  labels: {app: shop}\n", 1))
    assert [status for status, _ in dry_run(cluster, stream)] == [422]
    mend(examine([stream], checks(only=(rule,))).findings)
    assert dry_run(cluster, Stream("x", stream.text)) == [(201, "")]


def test_every_other_example_is_accepted(cluster: Cluster) -> None:
    """Strictly: no field is unknown. What the other rules find is nothing that the server would tell."""
    for path in sorted((CHECK / "examples").glob("*.yaml")):
        if path.name not in {f"{rule}.bad.yaml" for rule in REFUSED}:
            assert set(dry_run(cluster, read(str(path)))) == {(201, "")}, path.name


def dry_run(cluster: Cluster, stream: Stream) -> list[tuple[int, str]]:
    answers = []
    for document in stream.documents:
        root = plain(document.root)
        path = cluster.path(root["kind"].lower())
        status, answer = cluster.api.request("POST", f"{path}?dryRun=All&fieldValidation=Strict", root)
        answers.append((status, "" if status < 300 else str(answer.get("message"))))
    return answers


def test_what_a_controller_made_is_left_out(cluster: Cluster) -> None:
    apply(cluster, BACKEND)
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "uid": "1", "controller": True}
    bad = {"initContainers": [{"name": "migrate", "image": "x", "command": ["npm", "run", "migrate"]}]}
    spec = POD | bad
    cluster.make("pod", "owned", metadata={"name": "owned", "ownerReferences": [owner]}, spec=spec)
    cluster.make("pod", "free", spec=spec)
    names = {one["object"]["name"] for one in json.loads(check(cluster, "-o", "json").stdout)["findings"]}
    assert names == {"my-backend-deployment", "free"}


def test_an_autoscaler_counts(cluster: Cluster) -> None:
    spec = {"initContainers": [{"name": "migrate", "image": "x:1", "command": ["alembic", "upgrade", "head"]}]} | POD
    template = {"metadata": {"labels": {"app": "web"}}, "spec": spec | {"restartPolicy": "Always"}}
    cluster.make("deployment", "web", spec={"selector": {"matchLabels": {"app": "web"}}, "template": template})
    only = ("--only", "unlocked-replicas", "-o", "json")
    assert found(check(cluster, *only)) == []
    scaler = f"/apis/autoscaling/v2/namespaces/{cluster.namespace}/horizontalpodautoscalers"
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    cluster.api.make(scaler, {"metadata": {"name": "web"}, "spec": {"scaleTargetRef": target, "maxReplicas": 4}})
    assert found(check(cluster, *only)) == [("unlocked-replicas", "Deployment spec.template.spec.initContainers[0]")]


def test_another_namespace_and_all_of_them(cluster: Cluster) -> None:
    apply(cluster, BACKEND)
    elsewhere = cluster.api.namespace()
    assert found(check(cluster, "-n", elsewhere, "-o", "json")) == []
    report = json.loads(check(cluster, "-A", "-o", "json").stdout)
    assert cluster.namespace in {one["object"]["namespace"] for one in report["findings"]}


def test_a_kind_that_may_not_be_listed_is_a_warning(cluster: Cluster) -> None:
    """A missing right costs one kind, not the answer; the rule that is missing is named."""
    apply(cluster, BACKEND)
    rules = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]}]
    cluster.api.grant(cluster.namespace, rules)
    token = cluster.api.waiter_token(cluster.namespace)
    done = check(cluster, "-o", "json", token=token)
    assert done.returncode == 3
    assert ("init-deadline", "Deployment spec.template.spec.initContainers[0]") in found(done)
    warnings = [json.loads(line) for line in done.stderr.splitlines()]
    assert {one["level"] for one in warnings} == {"warning"}
    fact = f"service account waiter may not list jobs.batch in namespace {cluster.namespace}"
    assert fact in {one["message"] for one in warnings}
    assert any('verbs: ["list"]' in one["hint"] for one in warnings)


def test_the_role_of_the_page_is_enough(cluster: Cluster) -> None:
    apply(cluster, BACKEND)
    page = (Path(__file__).parents[2] / "docs" / "kubernetes" / "check.md").read_text()
    (role,) = [block for block in page.split("```") if "kind: Role" in block]
    root = plain(Stream("check.md", role.removeprefix("yaml\n")).documents[0].root)
    cluster.api.grant(cluster.namespace, root["rules"])
    done = check(cluster, "-o", "json", token=cluster.api.waiter_token(cluster.namespace))
    assert (done.returncode, done.stderr) == (3, "")


def test_a_list_of_several_pages(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        cluster.make("pod", f"p{number}", spec=POD)
    monkeypatch.setattr("lockmaster.kube.survey._PAGE", "1")
    found = survey(cluster.client(), cluster.namespace)
    assert [one["metadata"]["name"] for one in found.items if one["kind"] == "Pod"] == ["p0", "p1", "p2"]
    assert found.unseen == []


def test_no_api_server(tmp_path: Path) -> None:
    config = "apiVersion: v1\nkind: Config\ncurrent-context: x\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:9'}}]\n"
    config += "users: [{name: u, user: {}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
    (tmp_path / "config").write_text(config)
    done = run_cli(["kube", "check", "--live"], env={"KUBECONFIG": str(tmp_path / "config")})
    assert done.returncode == 10
    assert "the Kubernetes API server cannot be asked" in done.stderr
