"""The two example manifests after `kube inject`, on a real cluster, with the image that `make image` makes."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.examples import BACKEND, SECRET, WEB
from tests.cluster.namespace import init_status
from tests.manifests.inject.files import injected
from tests.support.needs import need
from tools.bundle import build, programs
from tools.image import __main__ as maker
from tools.image import archive, root

if TYPE_CHECKING:
    from tests.cluster.namespace import Json, Namespace
    from tests.support.cluster import Cluster

_SELECTED = (
    "spec:\n  replicas: 3\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n"
)
SQL = {"0001_users.sql": b"CREATE TABLE users (id int);\n", "0002_orders.sql": b"CREATE TABLE orders (id int);\n"}


@pytest.fixture(scope="module", autouse=True)
def image(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Put Lockmaster's own image on the node, under the name that manifests have."""
    need(not programs.compilers(), programs.compilers())
    folder = tmp_path_factory.mktemp("image")
    before = os.umask(0o022)
    try:
        root.make(folder / "root")
    finally:
        os.umask(before)
    name, path = f"docker.io/library/lockmaster:{build.version()}", folder / "image.tar"
    archive.write(path, maker.layers(folder / "root"), maker.config(), "amd64", name)
    cluster.load(path)


def web() -> str:
    """The manifest with the selector and the labels that it lacks."""
    text = WEB.read_text()
    return text.replace("spec:\n  replicas: 3\n  template:\n", _SELECTED, 1)


def ended(pod: Json, container: str) -> dict[str, Any]:
    """How an init container of this name ended, and how often it was started again."""
    (status,) = [one for one in pod["status"]["initContainerStatuses"] if one["name"] == container]
    return {"exit": status["state"]["terminated"]["exitCode"], "restarts": status["restartCount"]}


def rolled_out(database: Namespace, text: str, name: str, container: str, **labels: str) -> list[Json]:
    database.roll_out(text, name)
    pods = database.pods(**labels)
    assert [ended(pod, container) for pod in pods] == [{"exit": 0, "restarts": 0}] * len(pods)
    return pods


def test_web_wrapped_three_replicas_run_npm_run_migrate_and_none_fails(database: Namespace, policy: None) -> None:
    text = injected(web(), wrap="migrate")
    pods = rolled_out(database, text, "web-with-migration", "migrate", app="web")
    assert len(pods) == 3
    assert database.sql("SELECT name FROM pgmigrations ORDER BY id") == ["1700000000001_users", "1700000000002_orders"]
    logs = [database.logs(pod["metadata"]["name"], "migrate") for pod in pods]
    assert any("node-pg-migrate" in log for log in logs)


def test_web_replaced_with_sql_from_a_config_map(database: Namespace, policy: None) -> None:
    text = injected(web(), SQL, replace="migrate", source="configmap", dir="db")
    rolled_out(database, text, "web-with-migration", "migrate", app="web")
    assert database.sql("SELECT count(*) FROM users, orders") == ["0"]


@pytest.mark.parametrize(
    "wish",
    [
        {"wrap": "prisma-migrate"},
        {"wrap": "prisma-migrate", "source": "image-volume"},
        {"replace": "prisma-migrate"},
        {"replace": "prisma-migrate", "source": "copy"},
        {"replace": "prisma-migrate", "source": "image-volume", "dir": "/app/prisma/migrations"},
    ],
    ids=lambda wish: "-".join(str(value) for key, value in wish.items() if key != "dir"),
)
def test_backend_in_each_way(database: Namespace, policy: None, wish: dict[str, Any]) -> None:
    # of a volume the admission does not change the policy
    text = BACKEND.read_text().replace(":latest\n", ":latest\n          imagePullPolicy: IfNotPresent\n")
    database.apply(SECRET)
    (pod,) = rolled_out(database, injected(text, **wish), "my-backend-deployment", "prisma-migrate", app="my-backend")
    names = "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY started_at"
    assert database.sql(names) == ["20240101000000_users", "20240102000000_orders"]
    log = database.logs(pod["metadata"]["name"], "prisma-migrate")
    assert any(line.startswith("{") and json.loads(line)["event"] for line in log.splitlines())


def test_an_added_gate_waits_until_somebody_else_has_migrated(database: Namespace, policy: None) -> None:
    idle = web().replace('["npm", "run", "migrate"]', '["true"]')  # its own migrations make the same tables
    text = injected(idle, SQL, gate=True, source="configmap", dir="db", where="before:migrate")
    database.apply(text)
    (pod, *_) = database.until("the pods", lambda: database.pods(app="web"))
    waits = lambda: "waiting" in database.logs(pod["metadata"]["name"], "lockmaster")  # noqa: E731
    database.until("a gate that waits", lambda: init_status(database.pods(app="web")[0]).get("started") and waits())
    migrating = text.replace("lockmaster, gate", "lockmaster, migrate").replace("web-with-migration", "other")
    database.apply(migrating.replace("app: web", "app: other"))
    database.rolled_out("web-with-migration")
