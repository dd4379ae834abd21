"""What docs/kubernetes/events-and-status.md shows and says is true: its output, and each rule of its Roles."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from tests.kube.cluster import stamp
from tests.kube.workload import Workload
from tests.support.cli import run_cli, until

if TYPE_CHECKING:
    from tests.kube.cluster import Cluster
    from tests.support.database import Database

Json = dict[str, Any]
PAGE = (Path(__file__).resolve().parents[2] / "docs/kubernetes/events-and-status.md").read_text()
NUMBERS = re.compile(r"@[0-9a-f]{8}\b|\(pid \d+\)|\b[0-9.]+m?s\b|for \d+[smh]")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def role(name: str) -> list[Json]:
    """The rules of a Role of the page, one verb and one resource each."""
    documents = [found for block in blocks("yaml") for found in YAML(typ="safe").load_all(block)]
    (found,) = [one for one in documents if one.get("kind") == "Role" and one["metadata"]["name"] == name]
    return [
        {"apiGroups": rule["apiGroups"], "resources": [resource], "verbs": [verb]}
        for rule in found["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]


def same(text: str) -> str:
    """Without what is another one each time."""
    return NUMBERS.sub("#", text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/1_users.sql").write_text("CREATE TABLE users (id integer); SELECT pg_sleep(1);\n")
    (tmp_path / "migrations/2_orders.sql").write_text("SELECT pg_sleep(9); CREATE TABLE orders (id integer);\n")
    return tmp_path


@pytest.mark.slow
def test_the_output_that_is_shown(cluster: Cluster, folder: Path, database: Database) -> None:
    cluster.api.grant(cluster.namespace, role("lockmaster-events"))
    web = Workload(cluster)
    first, second, third = (web.pod(suffix * 5) for suffix in "abc")
    env = {"DATABASE_URL": database.url}
    with web.start(first, "migrate", cwd=folder, POD_UID=web.uid(first), **env) as holder:
        holder.wait_for("applying 1_users")
        container(web, second, {"running": {"startedAt": stamp()}})
        with web.start(second, "migrate", cwd=folder, **env) as waiter:
            until(lambda: web.told("pod", second), "it waits")
            assert (holder.wait().returncode, waiter.wait().returncode) == (0, 0)
    (folder / "migrations/3_bad.sql").write_text("SELECT pg_sleep(1);\nALTER TABLE nope ADD x int;\n")
    logs = {pod: folder / f"log-{pod}" for pod in (first, third)}
    for pod, code in ((first, 0), (third, 12)):
        files = folder / "migrations/3_bad.sql"
        kept = files.read_bytes()
        if code == 0:
            files.unlink()
        with web.start(
            pod, "migrate", "--dir", "migrations", "--termination-log", str(logs[pod]), cwd=folder, **env
        ) as run:
            assert run.wait().returncode == code
        files.write_bytes(kept)
    container(web, first, ended(0, logs[first]))
    container(web, third, {"waiting": {"reason": "CrashLoopBackOff"}}, ended(12, logs[third]), restarts=2)

    shown = next(block for block in blocks("") if block.startswith("Type "))
    found = [one for pod in (first, second, third) for one in web.events("pod", pod)]
    told = [(one["type"], one["reason"], one["source"]["component"], same(one["message"])) for one in found]
    for line in shown.splitlines()[1:]:
        row = re.split(r"\s{2,}", line, maxsplit=3)
        assert (*row[:3], same(row[3])) in told, line

    config = cluster.api.kubeconfig(folder / "kubeconfig", cluster.namespace, cluster.api.token)
    done = run_cli(["kube", "status", "-n", cluster.namespace], env={"KUBECONFIG": str(config)})
    shown = next(block for block in blocks("") if block.startswith("$ lockmaster kube status"))
    head, *parts = same(done.stdout).strip().split("\n\n")
    paper_head, *paper = same(shown.partition("\n")[2]).strip().split("\n\n")
    assert (head, sorted(parts)) == (paper_head, sorted(paper))


def container(web: Workload, pod: str, state: Json, before: Json | None = None, restarts: int = 0) -> None:
    one = {"name": "migrate", "image": "i", "imageID": "", "ready": False, "restartCount": restarts}
    more = {"state": state, "lastState": before or {}}
    web.cluster.status("pod", pod, phase="Pending", initContainerStatuses=[one | more])


def ended(code: int, log: Path) -> Json:
    return {"terminated": {"exitCode": code, "message": log.read_text(), "startedAt": stamp(), "finishedAt": stamp()}}


@pytest.mark.parametrize("number", range(3))
def test_each_rule_of_the_pods_role_is_needed(cluster: Cluster, folder: Path, database: Database, number: int) -> None:
    """What is missing without it is what the page says."""
    rules = role("lockmaster-events")
    assert len(rules) == 3
    without = rules.pop(number)
    cluster.api.grant(cluster.namespace, rules)
    web = Workload(cluster)
    pod = web.pod("abcde")
    (folder / "migrations/2_orders.sql").unlink()
    with web.start(pod, "migrate", cwd=folder, DATABASE_URL=database.url) as run:
        assert run.wait().returncode == 0
    resource = without["resources"][0]
    assert bool(web.told("pod", pod)) == (resource != "events")
    assert web.told("deployment", "web") == []
    assert bool(web.told("replicaset", "web-6f7d8c9b5")) == (resource == "replicasets")


def test_each_rule_of_the_status_role_is_needed(cluster: Cluster, folder: Path) -> None:
    web = Workload(cluster)
    web.pod("abcde")
    rules = role("lockmaster-status")
    made = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{cluster.namespace}"
    cluster.api.grant(cluster.namespace, rules)
    (name,) = [one["metadata"]["name"] for one in cluster.api.get(f"{made}/roles")["items"]]
    token = cluster.api.waiter_token(cluster.namespace)
    config = cluster.api.kubeconfig(folder / "kubeconfig", cluster.namespace, token)

    def status() -> tuple[int, str]:
        done = run_cli(["kube", "status", "--json"], env={"KUBECONFIG": str(config)})
        return done.returncode, done.stderr

    until(lambda: status() == (0, ""), "all of them are enough")
    for rule in rules:
        cluster.api.patch(f"{made}/roles/{name}", {"rules": [one for one in rules if one != rule]})
        resource = rule["resources"][0]
        wanted = 0 if resource in ("events", "leases") else 16

        def is_missed(resource: str = resource, wanted: int = wanted) -> bool:
            code, said = status()
            return code == wanted and f"may not list {resource}" in (json.loads(said)["message"] if said else "")

        until(is_missed, f"{resource} is missed")


def test_the_lease_role_is_enough_and_needed(cluster: Cluster, folder: Path) -> None:
    rules = role("lockmaster-lease")
    made = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{cluster.namespace}"
    cluster.api.grant(cluster.namespace, rules)
    (name,) = [one["metadata"]["name"] for one in cluster.api.get(f"{made}/roles")["items"]]
    token = cluster.api.waiter_token(cluster.namespace)
    config = cluster.api.kubeconfig(folder / "kubeconfig", cluster.namespace, token)

    def ordered(command: str, limit: str) -> int:
        argv = ["exec", "--order", "lease", "--deadline", limit, "--", command]
        return run_cli(argv, env={"KUBECONFIG": str(config)}).returncode

    assert ordered("true", "1m") == 0
    commands = {"get": "true", "update": "true", "create": "id"}  # `id` has no Lease yet
    for verb, command in commands.items():
        cluster.api.patch(f"{made}/roles/{name}", {"rules": [one for one in rules if one["verbs"] != [verb]]})
        until(lambda command=command: ordered(command, "1s") == 16, f"{verb} is missed")  # type: ignore[misc]
