"""Events on the pod and its Deployment, in a real API server; and one that refuses, denies or says nothing at all."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.kube.workload import EVENTS, OWNERS, Workload
from tests.support.cli import until
from tests.support.ports import free_port
from tests.support.speaker import Speaker, silent

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kube.cluster import Cluster
    from tests.support.cli import Run
    from tests.support.database import Database

BAD = "CREATE ROLE x PASSWORD 'hunter22' IN ROLE nobody_here;\n"


@pytest.fixture
def web(cluster: Cluster) -> Workload:
    return Workload(cluster)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/1_init.sql").write_text("CREATE TABLE t (id integer);\nSELECT pg_sleep(1);\n")
    (tmp_path / "migrations/2_more.sql").write_text("CREATE TABLE u (id integer);\n")
    return tmp_path


def add(folder: Path, name: str, sql: str) -> None:
    (folder / f"migrations/{name}.sql").write_text(sql)


def migrate(web: Workload, pod: str, folder: Path, database: Database, *argv: str, port: int = 0, **env: str) -> Run:
    return web.start(pod, "migrate", *argv, cwd=folder, port=port, DATABASE_URL=database.url, **env)


def ended(run: Run) -> tuple[int, str]:
    with run:
        done = run.wait()
        return done.returncode, done.stderr


def grant(cluster: Cluster, *rules: object) -> None:
    cluster.api.grant(cluster.namespace, [*rules])  # type: ignore[list-item]


def test_started_and_applied_are_told_of_the_pod_and_its_deployment(
    web: Workload, cluster: Cluster, folder: Path, database: Database
) -> None:
    grant(cluster, EVENTS, *OWNERS)
    pod = web.pod("abcde")
    status, said = ended(migrate(web, pod, folder, database))
    assert status == 0, said
    reasons = [reason for reason, _ in web.told("pod", pod)]
    texts = [text for _, text in web.told("pod", pod)]
    assert reasons == ["MigrationStarted", "MigrationApplied"], said
    assert texts[0].startswith("applying 1_init")
    assert texts[1].startswith("ready at 2_more: 2 applied, 2 in all")
    assert web.told("deployment", "web") == [(r, f"{pod}: {t}") for r, t in zip(reasons, texts, strict=True)]
    assert not web.told("replicaset", "web-6f7d8c9b5")
    (first, _) = web.events("pod", pod)
    assert (first["type"], first["source"]) == ("Normal", {"component": "lockmaster"})
    status, said = ended(migrate(web, pod, folder, database))
    assert (status, len(web.told("pod", pod))) == (0, 2), "nothing was pending, and nothing is told"


def test_a_failure_is_told_with_its_statement_and_without_its_password(
    web: Workload, cluster: Cluster, folder: Path, database: Database
) -> None:
    """By each pod on itself, and of the Deployment once."""
    grant(cluster, EVENTS, *OWNERS)
    add(folder, "3_bad", f"SELECT pg_sleep(1);\n{BAD}-- {'x' * 3000}\n")
    for pod in (web.pod("aaaaa"), web.pod("bbbbb")):
        status, said = ended(migrate(web, pod, folder, database))
        assert status == 12, said
        reason, text = web.told("pod", pod)[-1]
        assert reason == "MigrationFailed"
        assert text.startswith("migration 3_bad failed at line 2: ")
        assert "statement: CREATE ROLE x PASSWORD *** IN ROLE nobody_here" in text
        assert "in the database now: nothing of this migration; next: repair the migration and run again" in text
        assert len(text.encode()) <= 1024
        assert "hunter22" not in str(web.events("pod", pod))
        assert web.events("pod", pod)[-1]["type"] == "Warning"
    failures = [one for one in web.events("deployment", "web") if one["type"] == "Warning"]
    assert [one["reason"] for one in failures] == ["MigrationFailed"]


def test_without_the_right_to_look_at_pods_the_pod_itself_is_told(
    web: Workload, cluster: Cluster, folder: Path, database: Database
) -> None:
    """Its uid stands in the token."""
    grant(cluster, EVENTS)
    pod = web.pod("abcde")
    assert ended(migrate(web, pod, folder, database))[0] == 0
    assert [reason for reason, _ in web.told("pod", pod)] == ["MigrationStarted", "MigrationApplied"]
    assert web.told("deployment", "web") == []


def test_denied_is_one_line_for_who_looks_closely(
    web: Workload, cluster: Cluster, folder: Path, database: Database
) -> None:
    pod = web.pod("abcde")
    status, said = ended(migrate(web, pod, folder, database))
    assert (status, said.count("no Kubernetes Events")) == (0, 1), said
    assert 'events is forbidden: User "system:serviceaccount:' in said
    add(folder, "4_bad", BAD)
    status, said = ended(migrate(web, pod, folder, database))
    assert (status, said.count("no Kubernetes Events")) == (12, 1), said
    assert web.told("pod", pod) == []


def test_refused_changes_nothing(web: Workload, folder: Path, database: Database) -> None:
    pod = web.pod("abcde")
    status, said = ended(migrate(web, pod, folder, database, port=free_port()))
    assert (status, said.count("no Kubernetes Events: connection refused")) == (0, 1), said


def test_a_silent_server_is_not_waited_for(web: Workload, folder: Path, database: Database) -> None:
    """It would be given up after three seconds, and somebody would say so: nobody lived to see that."""
    pod = web.pod("abcde")
    with Speaker(silent) as server:
        status, said = ended(migrate(web, pod, folder, database, port=server.port))
        assert (status, server.visits) == (0, 1), said
        assert "no Kubernetes Events" not in said
        add(folder, "3_bad", BAD)
        status, said = ended(migrate(web, pod, folder, database, port=server.port))
        assert (status, server.visits) == (12, 2), said
        assert "no Kubernetes Events" not in said


def test_sigterm_beside_a_silent_server(web: Workload, folder: Path, database: Database) -> None:
    pod = web.pod("abcde")
    add(folder, "3_slow", "SELECT pg_sleep(60);\n")
    with Speaker(silent) as server, migrate(web, pod, folder, database, port=server.port) as run:
        assert server.accepted.wait(30)
        run.terminate()
        done = run.wait(2.5)
        assert done.returncode == 143, done.stderr
        assert "no Kubernetes Events" not in done.stderr


def test_nothing_to_tell_asks_nobody(web: Workload, folder: Path, database: Database) -> None:
    pod = web.pod("abcde")
    with Speaker(silent) as server:
        assert ended(migrate(web, pod, folder, database, "--kube-events", "never", port=server.port))[0] == 0
        assert database.value("SELECT count(*) FROM lockmaster_history") == 2
        assert ended(migrate(web, pod, folder, database, port=server.port))[0] == 0
        assert server.visits == 0


def test_who_waits_says_for_whom_and_that_the_holder_is_gone(
    web: Workload, cluster: Cluster, folder: Path, database: Database
) -> None:
    """The holder's pod is deleted, as when its node is drained; its session is still there."""
    grant(cluster, EVENTS, *OWNERS)
    first, second = web.pod("aaaaa"), web.pod("bbbbb")
    uid = web.uid(first)
    add(folder, "3_slow", "SELECT pg_sleep(60);\n")
    with migrate(web, first, folder, database, POD_UID=uid) as holder:
        holder.wait_for("applying 1_init")
        with migrate(web, second, folder, database, POD_UID=web.uid(second)) as waiter:
            until(lambda: web.told("pod", second), "it waits")
            (reason, text) = web.told("pod", second)[0]
            assert reason == "WaitingForTurn"
            assert f"waiting for the turn: lockmaster/{first}@{uid[:8]} (pid " in text
            assert "is gone" not in waiter.stderr
            cluster.api.delete(f"{cluster.path('pod', first)}")
            waiter.wait_for(f"the pod that holds the turn, {first}, is gone; its session ends in seconds")
            until(lambda: "HolderGone" in [reason for reason, _ in web.told("pod", second)], "it is told")
            waiter.send(signal.SIGTERM)
            assert waiter.wait(5).returncode == 143
    assert web.told("deployment", "web"), "the first one told that it began"


def test_a_new_pod_of_the_same_name_is_another_one(
    web: Workload, cluster: Cluster, folder: Path, database: Database
) -> None:
    """As of a StatefulSet: the uid tells."""
    grant(cluster, EVENTS, *OWNERS)
    first, second = web.pod("aaaaa"), web.pod("bbbbb")
    add(folder, "3_slow", "SELECT pg_sleep(60);\n")
    with migrate(web, first, folder, database, POD_UID="12345678-1234-1234-1234-123456789012") as holder:
        holder.wait_for("applying 1_init")
        with migrate(web, second, folder, database) as waiter:
            waiter.wait_for(f"the pod that holds the turn, {first}, is gone")


def test_the_holder_of_a_lease_is_gone(web: Workload, cluster: Cluster, folder: Path) -> None:
    """Without a database; the Lease names pod and uid."""
    leases = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update"]}
    grant(cluster, EVENTS, leases, *OWNERS)
    first, second = web.pod("aaaaa"), web.pod("bbbbb")
    argv = ["exec", "--lease", "turn", "--", "sleep", "60"]
    with web.start(first, *argv, cwd=folder, POD_UID=web.uid(first)) as holder:
        holder.wait_for("running sleep 60")
        with web.start(second, *argv, cwd=folder, POD_UID=web.uid(second)) as waiter:
            waiter.wait_for(f"waiting for the turn: {first}_")
            until(lambda: web.told("pod", second), "it is told")
            assert "is gone" not in waiter.stderr
            cluster.api.delete(cluster.path("pod", first))
            waiter.wait_for(f"the pod that holds the turn, {first}, is gone; its Lease ends in seconds", 60)


def test_the_steps_of_a_file_are_told_before_the_process_becomes_the_application(
    web: Workload, cluster: Cluster, folder: Path, database: Database
) -> None:
    """And its termination message stays what the application makes of it."""
    grant(cluster, EVENTS, *OWNERS)
    pod = web.pod("abcde")
    (folder / "lockmaster.yaml").write_text("steps:\n  - migrate: migrations\n")
    argv = ["up", "--termination-log", str(folder / "log"), "--", "echo", "the application"]
    with web.start(pod, *argv, cwd=folder, DATABASE_URL=database.url) as run:
        done = run.wait()
    assert (done.returncode, done.stdout) == (0, "the application\n"), done.stderr
    assert [reason for reason, _ in web.told("pod", pod)] == ["MigrationStarted", "MigrationApplied"]
    assert not (folder / "log").exists()


def test_a_command_is_told_too(web: Workload, cluster: Cluster, folder: Path, database: Database) -> None:
    grant(cluster, EVENTS, *OWNERS)
    pod = web.pod("abcde")
    env = {"DATABASE_URL": database.url}
    run = web.start(pod, "exec", "--once", "a", "--", "sh", "-c", "sleep 1", cwd=folder, **env)
    assert ended(run)[0] == 0
    assert [reason for reason, _ in web.told("pod", pod)] == ["CommandStarted", "CommandEnded"]
    run = web.start(
        pod, "exec", "--once", "b", "--", "sh", "-c", "sleep 1; echo the end is near; exit 3", cwd=folder, **env
    )
    assert ended(run)[0] == 12
    reason, text = web.told("pod", pod)[-1]
    assert (reason, "last lines: the end is near" in text) == ("CommandFailed", True), text
