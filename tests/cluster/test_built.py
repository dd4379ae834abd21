"""What `kube build` makes rolls out as it is: with the two roles of docs/kubernetes/production.md, and under `restricted`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from tests.cluster.images import LOCKMASTER, SHOP
from tests.cluster.namespace import ended, init_status
from tests.support.cli import run_cli

if TYPE_CHECKING:
    from tests.cluster.namespace import Json, Namespace

pytestmark = pytest.mark.slow
PAGE = (Path(__file__).parents[2] / "docs/kubernetes/production.md").read_text()
SQL = dict(re.findall(r"<!-- test: ([^\n]*) -->\n```sql\n(.*?)```", PAGE, re.DOTALL))
ROLES = {"web-database-owner": "web_owner", "web-database": "web_app"}
OWNER = "SELECT tableowner FROM pg_tables WHERE tablename = 'users'"
APP = {"app.kubernetes.io/name": "web"}
JOB = {"app.kubernetes.io/name": "web-migrate"}


@pytest.fixture
def shop(database: Namespace) -> Namespace:
    """Give a namespace with the two roles of the page and their Secrets, in which only restricted pods are let in."""
    database.sql(SQL["as who owns the database"].replace("DATABASE shop", "DATABASE mydb"))
    for secret, role in ROLES.items():
        database.sql(f"ALTER ROLE {role} PASSWORD 'secret'")
        url = f"postgresql://{role}:secret@postgres:5432/mydb"
        database.kubectl("create", "secret", "generic", secret, f"--from-literal=url={url}")
    database.kubectl("label", "namespace", database.name, "pod-security.kubernetes.io/enforce=restricted")
    return database


def built(pattern: str, tag: str, *options: str) -> str:
    image = ["--image", f"{SHOP}{tag}", "--lockmaster-image", LOCKMASTER]
    done = run_cli(
        [
            "kube",
            "build",
            "--pattern",
            pattern,
            "--name",
            "web",
            *image,
            "--port",
            "3000",
            "--dir",
            "/migrations",
            *options,
        ]
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def serves(shop: Namespace) -> str:
    return shop.proxied("web:http", "/version").strip()


@pytest.mark.parametrize("source", ["bundle", "same-image", "image-volume", "copy"])
def test_init_rolls_out_and_so_does_the_next_version(shop: Namespace, source: str) -> None:
    shop.roll_out(built("init", "1", "--from", source, "--replicas", "2"), "web")
    assert serves(shop) == "1"
    assert shop.sql(OWNER) == ["web_owner"]
    shop.roll_out(built("init", "2", "--from", source, "--replicas", "2"), "web")
    assert serves(shop) == "2"
    assert shop.sql("SELECT count(*) FROM users, orders") == ["0"]
    ends = [status["state"] for pod in shop.pods(**APP) for status in pod["status"]["initContainerStatuses"]]
    assert {state["terminated"]["exitCode"] for state in ends} == {0}


def test_job_and_gate_from_the_first_roll_out_by_a_bad_one_to_the_next(shop: Namespace) -> None:
    """The gate holds pods back while there is no Job and when it fails; the repaired version is another Job."""
    first = built("job-and-gate", "1", "--events")
    shop.apply(without_job(first))
    shop.until("three at the gate", lambda: len(_at_the_gate(shop)) == 3)
    shop.roll_out(first, "web")
    assert (serves(shop), shop.sql(OWNER)) == ("1", ["web_owner"])
    assert {"MigrationStarted", "MigrationApplied"} <= {reason for _, reason in _told(shop, "Job")}
    serving = {pod["metadata"]["name"] for pod in shop.pods(**APP)}

    shop.apply(built("job-and-gate", "bad", "--events"))
    failed = shop.until("the Job that fails", lambda: _job(shop, "Failed"))
    assert (failed["reason"], failed["pods"]) == ("PodFailurePolicy", 1)
    assert (failed["name"], "MigrationFailed") in _told(shop, "Job")
    assert serves(shop) == "1"
    assert serving <= {pod["metadata"]["name"] for pod in shop.pods(**APP) if pod["status"]["phase"] == "Running"}
    shop.until("the new pod at the gate", lambda: _at_the_gate(shop))

    said = {one["name"]: one for one in _status(shop)["workloads"]}
    assert [pod["state"] for pod in said[failed["name"]]["pods"]] == ["failed"]
    assert said["web"]["level"] == "0001_users"
    assert {pod["name"] for pod in said["web"]["pods"] if pod["state"] == "done"} == serving

    shop.roll_out(built("job-and-gate", "2", "--events"), "web")
    assert serves(shop) == "2"
    assert [ended(_gate(pod))["exitCode"] for pod in shop.pods(**APP)] == [0] * 3


def without_job(manifests: str) -> list[Json]:
    """All but the Job: whatever is applied first, the gate waits."""
    return [one for one in YAML(typ="safe").load_all(manifests) if one["kind"] != "Job"]


def _gate(pod: Json) -> Json:
    return init_status(pod, 1)  # after the copier


def _at_the_gate(shop: Namespace) -> list[Json]:
    """The pods whose gate runs; its status is there from the beginning on, beside the copier's."""
    pods = [pod for pod in shop.pods(**APP) if pod["status"].get("initContainerStatuses")]
    return [pod for pod in pods if "running" in _gate(pod).get("state", {})]


def _job(shop: Namespace, condition: str) -> Json | None:
    """The Job with this condition, if there is one: its name, the reason, and how many of its pods have failed."""
    selector = ",".join(f"{key}={value}" for key, value in JOB.items())
    for job in shop.json("get", "jobs", f"--selector={selector}")["items"]:
        name, failed = job["metadata"]["name"], job["status"].get("failed", 0)
        for one in job["status"].get("conditions", []):
            if one["type"] == condition:
                return {"name": name, "reason": one["reason"], "pods": failed}
    return None


def _status(shop: Namespace) -> Json:
    """What `kube status` says of the namespace."""
    done = run_cli(["kube", "status", "--namespace", shop.name, "--json"], env={"KUBECONFIG": shop.cluster.kubeconfig})
    assert done.returncode == 0, done.stderr
    found: Json = json.loads(done.stdout)
    return found


def _told(shop: Namespace, kind: str) -> set[tuple[str, str]]:
    """The Events of Lockmaster about objects of a kind: the object's name, and the reason."""
    events = shop.json("get", "events", f"--field-selector=involvedObject.kind={kind}")["items"]
    ours = [one for one in events if one["source"].get("component") == "lockmaster"]
    return {(one["involvedObject"]["name"], one["reason"]) for one in ours}
