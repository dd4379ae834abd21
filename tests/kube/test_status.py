"""`kube status` of real objects, whose statuses the test writes as the kubelet does; messages and Events are of real runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lockmaster.kube.podstate import seen
from tests.kube.cluster import stamp
from tests.kube.test_access import rules_of
from tests.kube.workload import EVENTS, OWNERS, Workload
from tests.support.cli import run_cli, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kube.cluster import Cluster
    from tests.support.database import Database

Json = dict[str, Any]
LISTED = [
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    {"apiGroups": ["apps"], "resources": ["replicasets"], "verbs": ["list"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]},
    {"apiGroups": ["apps"], "resources": ["statefulsets"], "verbs": ["list"]},
    {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["list"]},
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["list"]},
]


@pytest.fixture
def web(cluster: Cluster) -> Workload:
    return Workload(cluster)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/1_init.sql").write_text("CREATE TABLE t (id integer);\n")
    return tmp_path


def status(cluster: Cluster, *argv: str, token: str = "", env: dict[str, str] | None = None) -> tuple[int, str, str]:
    config = cluster.api.kubeconfig(cluster.folder / "kubeconfig", cluster.namespace, token or cluster.api.token)
    done = run_cli(["kube", "status", "--log-format", "text", *argv], env={"KUBECONFIG": str(config)} | (env or {}))
    return done.returncode, done.stdout, done.stderr


def as_json(cluster: Cluster, **env: str) -> Json:
    code, said, wrong = status(cluster, "--json", env=env)
    assert code == 0, wrong
    found: Json = json.loads(said)
    return found


def container(web: Workload, pod: str, state: Json, before: Json | None = None, restarts: int = 0) -> None:
    """Write what the kubelet writes of the init container."""
    one = {
        "name": "migrate", "image": "localhost/app:1", "imageID": "", "ready": False, "restartCount": restarts,
        "state": state, "lastState": before or {},
    }  # fmt: skip
    web.cluster.status("pod", pod, phase="Pending", initContainerStatuses=[one])


def ended(code: int, message: str) -> Json:
    now = stamp()
    return {"terminated": {"exitCode": code, "message": message, "startedAt": now, "finishedAt": now, "reason": "x"}}


def last_words(web: Workload, pod: str, folder: Path, database: Database, code: int) -> Json:
    """Migrate in the pod; the status that the kubelet would make of it."""
    log = folder / f"log-{pod}"
    with web.start(
        pod, "migrate", "--termination-log", str(log), cwd=folder, DATABASE_URL=database.url, POD_UID=web.uid(pod)
    ) as run:
        done = run.wait()
    assert done.returncode == code, done.stderr
    return ended(code, log.read_text())


def test_the_level_is_what_the_pod_found(web: Workload, cluster: Cluster, folder: Path, database: Database) -> None:
    """Whether it applied, or found nothing to do."""
    first, second = web.pod("aaaaa"), web.pod("bbbbb")
    state = last_words(web, first, folder, database, 0)
    assert state["terminated"]["message"].startswith("ready at 1_init: 1 applied, 1 in all")
    container(web, first, state)
    (seen,) = as_json(cluster)["workloads"]
    assert (seen["kind"], seen["name"], seen["level"], seen["wanted"]) == ("Deployment", "web", "1_init", 3)
    assert {pod["name"]: pod["state"] for pod in seen["pods"]} == {first: "done", second: "starting"}
    state = last_words(web, second, folder, database, 0)
    assert state["terminated"]["message"].startswith("ready at 1_init: nothing to apply")
    container(web, second, state)
    assert [pod["level"] for pod in as_json(cluster)["workloads"][0]["pods"]] == ["1_init", "1_init"]
    _, said, _ = status(cluster)
    assert said == "WORKLOAD        READY  LEVEL   PODS\ndeployment/web  0/3    1_init  2 done\n"


def test_an_image_older_than_the_schema_says_what_is_ahead(web: Workload, folder: Path, database: Database) -> None:
    pod = web.pod("aaaaa")
    (folder / "migrations/2_more.sql").write_text("CREATE TABLE u (id integer);\n")
    last_words(web, pod, folder, database, 0)
    (folder / "migrations/2_more.sql").unlink()
    message = last_words(web, pod, folder, database, 0)["terminated"]["message"]
    assert message.startswith("ready at 1_init: nothing to apply")
    assert message.endswith("\nahead: 2_more\n")


def test_a_failure_shows_its_statement_and_the_next_act(
    web: Workload, cluster: Cluster, folder: Path, database: Database
) -> None:
    pod = web.pod("aaaaa")
    (folder / "migrations/2_bad.sql").write_text("SELECT 1;\nALTER TABLE nope ADD x int;\n")
    failed = last_words(web, pod, folder, database, 12)
    container(web, pod, {"waiting": {"reason": "CrashLoopBackOff"}}, failed, restarts=2)
    code, said, _ = status(cluster)
    assert code == 0
    head, _, block = said.partition("\n\n")
    assert head.endswith("1 failed")
    lines = block.splitlines()
    assert lines[0].startswith(f"{pod} migrate: failed with 12, for ")
    assert lines[0].endswith("restarted 2 times")
    assert lines[1] == '  migration 2_bad failed at line 2: relation "nope" does not exist'
    assert "  statement: ALTER TABLE nope ADD x int" in lines
    assert "  again later: CrashLoopBackOff" in lines
    assert lines[-1] == "  next: repair the migration and run again: nothing has to be cleaned up"
    (seen,) = as_json(cluster)["workloads"][0]["pods"]
    assert (seen["state"], seen["exit"], seen["restarts"]) == ("failed", 12, 2)


def test_who_waits_and_for_whom(web: Workload, cluster: Cluster, folder: Path, database: Database) -> None:
    """By their Events, and by the database itself where its URL is known."""
    cluster.api.grant(cluster.namespace, [EVENTS, *OWNERS])
    first, second = web.pod("aaaaa"), web.pod("bbbbb")
    (folder / "migrations/2_slow.sql").write_text("SELECT pg_sleep(60);\n")
    env = {"DATABASE_URL": database.url}
    for pod in (first, second):
        container(web, pod, {"running": {"startedAt": stamp()}})
    with web.start(first, "migrate", cwd=folder, POD_UID=web.uid(first), **env) as holder:
        holder.wait_for("applying 1_init")
        with web.start(second, "migrate", cwd=folder, **env):
            until(lambda: web.told("pod", second), "it waits")
            until(lambda: web.told("pod", first), "it works")
            found = as_json(cluster, **env)
            (seen,) = found["workloads"]
            pods = {pod["name"]: pod for pod in seen["pods"]}
            assert (pods[first]["state"], pods[second]["state"]) == ("working", "waiting")
            assert f"waiting for the turn: lockmaster/{first}@" in pods[second]["text"]
            (level,) = found["databases"]
            assert (level["format"], level["level"], level["applied"]) == ("native", "1_init", 1)
            assert level["holder"].startswith(f"lockmaster/{first}@{web.uid(first)[:8]} (pid ")
            _, said, _ = status(cluster, env=env)
            assert f"{second} migrate: waiting, for " in said
            assert ": at 1_init, 1 applied; lockmaster/" in said


def test_a_database_that_is_not_there_hides_nothing_else(web: Workload, cluster: Cluster) -> None:
    web.pod("aaaaa")
    url = "postgresql://u:topsecret@127.0.0.1:1/d"
    code, said, _ = status(cluster, "--wait-for-database", "1500ms", env={"DATABASE_URL": url})
    assert (code, "deployment/web" in said) == (0, True)
    assert "\ndatabase: the database did not accept work" in said
    assert "topsecret" not in said


def test_jobs_of_it_and_nothing_of_others(cluster: Cluster) -> None:
    spec = {"restartPolicy": "Never", "containers": [{"name": "m", "image": "registry/lockmaster:1.0"}]}
    cluster.make("job", "migrate", spec={"template": {"spec": spec}})
    cluster.make_job("other")
    assert [(one["kind"], one["name"]) for one in as_json(cluster)["workloads"]] == [("Job", "migrate")]


def test_a_lease_and_its_holder(web: Workload, cluster: Cluster) -> None:
    pod = web.pod("aaaaa")
    spec = {"holderIdentity": f"{pod}_1234abcd", "acquireTime": "2026-01-01T10:00:00.000000Z"}
    cluster.make("lease", "turn", spec=spec)
    cluster.make("lease", "of-somebody-else", spec={"holderIdentity": "controller"})
    found = as_json(cluster)["leases"]
    assert found == [{"lease": "turn", "holder": f"{pod}_1234abcd", "since": "2026-01-01T10:00:00Z"}]


def test_nothing_there(cluster: Cluster) -> None:
    code, said, _ = status(cluster, "-n", "default")
    assert (code, said) == (0, "no workload in namespace default runs lockmaster\n")


def test_refused_names_all_rules_and_they_are_enough(web: Workload, cluster: Cluster) -> None:
    web.pod("aaaaa")
    token = cluster.api.waiter_token(cluster.namespace)
    code, _, wrong = status(cluster, "--log-format", "json", token=token)
    assert code == 16
    rules = rules_of(json.loads(wrong)["hint"])
    assert sorted(map(str, rules)) == sorted(map(str, LISTED))
    cluster.api.grant(cluster.namespace, rules)
    code, said, wrong = status(cluster, token=token)
    assert (code, "deployment/web" in said) == (0, True), wrong
    assert "may not list events: what they would tell is left out" in wrong
    assert "may not list leases" in wrong


def test_a_herd_that_says_the_same_is_one_block(web: Workload, cluster: Cluster) -> None:
    pods = [web.pod(letter * 5) for letter in "abc"]
    for pod in pods:
        container(web, pod, ended(12, "error: migration 2_bad failed\nhint: repair it"))
    _, said, _ = status(cluster)
    head, block = said.split("\n\n")
    assert head.endswith("3 failed")
    assert block.startswith(f"{pods[0]} (and 2 more pods) migrate: failed with 12, for ")
    assert block.endswith("\n  migration 2_bad failed\n  next: repair it\n")


COPIED = [
    {"name": "lockmaster-copy", "image": "lockmaster:1", "command": ["lockmaster", "bundle", "copy", "/shared"]},
    {"name": "migrate", "image": "app:1", "command": ["/lockmaster/lockmaster", "migrate"], "args": ["--deadline=15m"]},
]


@pytest.mark.parametrize(
    ("copier", "migration", "container", "state"),
    [
        ({"terminated": {"exitCode": 0}}, ended(12, "error: bad\nhint: repair it"), "migrate", "failed"),
        ({"terminated": {"exitCode": 0}}, ended(0, "ready at 1_init: 1 applied, 1 in all, 2ms"), "migrate", "done"),
        ({"terminated": {"exitCode": 0}}, {"running": {"startedAt": stamp()}}, "migrate", "working"),
        ({"terminated": {"exitCode": 1}}, {"waiting": {"reason": "PodInitializing"}}, "lockmaster-copy", "failed"),
        (
            {"waiting": {"reason": "ErrImagePull"}},
            {"waiting": {"reason": "PodInitializing"}},
            "lockmaster-copy",
            "starting",
        ),
    ],
    ids=["failed", "done", "working", "copier failed", "no image"],
)
def test_a_pod_whose_bundle_was_copied_is_not_done_before_its_migration(
    copier: Json, migration: Json, container: str, state: str
) -> None:
    """The container that copies ends well in every pod; of a Job that had failed it was said that it is done."""
    statuses = [{"name": "lockmaster-copy", "state": copier}, {"name": "migrate", "state": migration}]
    pod = {
        "metadata": {"name": "web"},
        "spec": {"initContainers": COPIED},
        "status": {"initContainerStatuses": statuses},
    }
    found = seen(pod, None)
    assert found is not None
    assert (found.container, found.state) == (container, state)
    assert found.level == ("1_init" if state == "done" else "")
