"""`--order lease`: in front of the database's own turn, and never in its place; for a command, by the command's name."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.cli import herd, run_cli, start_cli, until
from tests.support.ports import free_port
from tests.support.proxy import Proxy
from tests.support.speaker import Speaker, silent

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kube.cluster import Cluster
    from tests.support.database import Database

MIGRATE = ["migrate", "--order", "lease", "--log-format", "text", "--dir", "migrations"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/1_init.sql").write_text("CREATE TABLE t (id integer);\n")
    return tmp_path


@pytest.fixture
def env(cluster: Cluster, folder: Path, database: Database) -> dict[str, str]:
    config = cluster.api.kubeconfig(folder / "kubeconfig", cluster.namespace, cluster.api.token)
    return {"KUBECONFIG": str(config), "DATABASE_URL": database.url}


def leases(cluster: Cluster) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = cluster.api.get(cluster.path("lease"))["items"]
    return items


def test_three_pods_use_one_lease_and_give_it_back(
    env: dict[str, str], cluster: Cluster, folder: Path, database: Database
) -> None:
    done = herd(3, MIGRATE, env=lambda number: env | {"POD_NAME": f"web-{number}"}, cwd=folder)
    assert [one.returncode for one in done] == [0] * 3, "".join(one.stderr for one in done)
    assert database.value("SELECT count(*) FROM lockmaster_history") == 1
    (lease,) = leases(cluster)
    assert lease["metadata"]["name"].startswith("lockmaster-")
    assert lease["spec"].get("holderIdentity", "") == ""


def test_who_has_the_lease_goes_first(env: dict[str, str], cluster: Cluster, folder: Path, database: Database) -> None:
    """Though nobody has the turn in the database."""
    assert run_cli(MIGRATE, env=env, cwd=folder).returncode == 0
    (lease,) = leases(cluster)
    path = cluster.path("lease", lease["metadata"]["name"])
    cluster.api.patch(path, {"spec": {"holderIdentity": "somebody", "leaseDurationSeconds": 300}})
    (folder / "migrations/2_more.sql").write_text("CREATE TABLE u (id integer);\n")
    with start_cli(MIGRATE, env=env, cwd=folder) as run:
        run.wait_for("waiting for the turn: somebody since ")
        assert database.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
        cluster.api.patch(path, {"spec": {"holderIdentity": ""}})
        assert run.wait().returncode == 0
    assert database.value("SELECT count(*) FROM lockmaster_history") == 2


def test_who_has_the_lease_takes_the_turn_all_the_same(env: dict[str, str], cluster: Cluster, folder: Path) -> None:
    """Somebody who asks for no Lease has the turn: he is waited for with the Lease in hand."""
    (folder / "migrations/2_slow.sql").write_text("SELECT pg_sleep(4);\n")
    by_turn = [word for word in MIGRATE if word not in ("--order", "lease")]
    with start_cli([*by_turn, "--verbose"], env=env | {"POD_NAME": "web-0"}, cwd=folder) as first:
        first.wait_for("applying 1_init")
        with start_cli(MIGRATE, env=env | {"POD_NAME": "web-1"}, cwd=folder) as second:
            second.wait_for("waiting for the turn: lockmaster/web-0 (pid ")
            until(lambda: leases(cluster), "the lease is taken")
            assert leases(cluster)[0]["spec"]["holderIdentity"].startswith("web-1_")
            assert second.wait().returncode == 0
            assert "2 applied" not in second.stderr
        assert first.wait().returncode == 0


@pytest.mark.parametrize("why", ["refused", "denied"])
def test_without_the_api_server_the_turn_decides_alone(
    env: dict[str, str], cluster: Cluster, folder: Path, why: str
) -> None:
    token = cluster.api.waiter_token(cluster.namespace)
    port = free_port() if why == "refused" else 0
    config = cluster.api.kubeconfig(folder / "other", cluster.namespace, token, port)
    done = run_cli(MIGRATE, env=env | {"KUBECONFIG": str(config)}, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("no order by the Lease lockmaster-") == 1


def test_a_silent_server_holds_nobody_up_for_long_and_nobody_with_nothing_to_do(
    env: dict[str, str], cluster: Cluster, folder: Path
) -> None:
    with Speaker(silent) as server:
        config = cluster.api.kubeconfig(folder / "other", cluster.namespace, cluster.api.token, server.port)
        other = env | {"KUBECONFIG": str(config)}
        done = run_cli(MIGRATE, env=other, cwd=folder)
        assert done.returncode == 0, done.stderr
        assert "no order by the Lease" in done.stderr
        visits = server.visits
        assert visits > 0
        assert run_cli(MIGRATE, env=other, cwd=folder).returncode == 0
        assert server.visits == visits


def test_sigterm_while_the_api_server_says_nothing(env: dict[str, str], cluster: Cluster, folder: Path) -> None:
    """It had the Lease, and cannot give it back."""
    (folder / "migrations/2_slow.sql").write_text("SELECT pg_sleep(60);\n")
    with Proxy(cluster.api.host, cluster.api.port) as proxy:
        config = cluster.api.kubeconfig(folder / "other", cluster.namespace, cluster.api.token, proxy.port)
        with start_cli([*MIGRATE, "--verbose"], env=env | {"KUBECONFIG": str(config)}, cwd=folder) as run:
            run.wait_for("applying 1_init")
            proxy.freeze()
            time.sleep(2.5)  # a renewal is under way
            run.terminate()
            assert run.wait(2.5).returncode == 143


def test_a_command_has_a_lease_of_its_own_name(env: dict[str, str], cluster: Cluster, folder: Path) -> None:
    """Without a database. Old and new pods of a rolling update have the same one."""
    line = f"date +%s.%N >> {folder}/log; sleep 0.5; date +%s.%N >> {folder}/log"
    argv = ["exec", "--order", "lease", "--log-format", "text", "--", "sh", "-c", line]
    only = {"KUBECONFIG": env["KUBECONFIG"]}
    done = herd(3, argv, env=lambda number: only | {"POD_NAME": f"web-{number}"}, cwd=folder)
    assert [one.returncode for one in done] == [0] * 3, "".join(one.stderr for one in done)
    moments = [float(word) for word in (folder / "log").read_text().split()]
    assert (len(moments), moments) == (6, sorted(moments))
    (lease,) = leases(cluster)
    assert lease["metadata"]["name"].startswith("lockmaster-sh-")


def test_the_holder_is_killed_and_the_next_one_comes(env: dict[str, str], folder: Path, database: Database) -> None:
    """The Lease of the dead one ends by itself; until then the others wait, or find that nothing is left to do."""
    (folder / "migrations/2_slow.sql").write_text("SELECT pg_sleep(60);\n")
    with start_cli([*MIGRATE, "--verbose"], env=env | {"POD_NAME": "web-0"}, cwd=folder) as first:
        first.wait_for("applying 1_init")
        first.kill9()
    database.end_orphan()
    (folder / "migrations/2_slow.sql").write_text("SELECT 1;\n")
    began = time.time()
    done = run_cli(MIGRATE, env=env | {"POD_NAME": "web-1"}, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert time.time() - began >= 8, "it waited for the Lease to end"
    assert database.value("SELECT count(*) FROM lockmaster_history") == 2
