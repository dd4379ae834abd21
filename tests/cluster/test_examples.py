"""The two example manifests, as teams write them, on a real cluster: without Lockmaster, to know what they do.

Their text is in manifests/. Nothing is changed in it for the images: see images-of-the-node.yaml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from tests.cluster.conftest import MANIFESTS
from tests.cluster.namespace import init_status
from tests.support.cluster import KubectlError

if TYPE_CHECKING:
    from tests.cluster.namespace import Namespace
    from tests.cluster.results import Results

WEB = MANIFESTS / "web-with-migration.yaml"
BACKEND = MANIFESTS / "my-backend-deployment.yaml"
SECRET = {
    "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "database-secret"},
    "stringData": {"database_url": "postgresql://admin:changeme@postgres:5432/mydb"},
}  # fmt: skip


def test_web_as_it_is_written_is_refused(namespace: Namespace) -> None:
    with pytest.raises(KubectlError, match=r"selector: Required value|missing required field \"selector\""):
        namespace.apply(WEB)


def test_web_with_selector_and_labels(database: Namespace, policy: None, results: Results) -> None:
    """Three at once: the lock of node-pg-migrate does not wait, so pods fail until one of them is through."""
    manifest = YAML().load(WEB)
    manifest["spec"]["selector"] = {"matchLabels": {"app": "web"}}
    manifest["spec"]["template"]["metadata"] = {"labels": {"app": "web"}}
    database.roll_out(manifest, "web-with-migration")
    assert database.sql("SELECT name FROM pgmigrations ORDER BY id") == ["1700000000001_users", "1700000000002_orders"]
    pods = database.pods(app="web")
    assert len(pods) == 3
    assert {init_status(pod)["state"]["terminated"]["exitCode"] for pod in pods} == {0}
    restarts = [init_status(pod)["restartCount"] for pod in pods]
    results.note("restarts of `npm run migrate` as it is, three replicas", ", ".join(map(str, restarts)))


def test_backend(database: Namespace, policy: None) -> None:
    database.apply(SECRET)
    database.roll_out(BACKEND, "my-backend-deployment")
    names = database.sql(
        "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY started_at"
    )
    assert names == ["20240101000000_users", "20240102000000_orders"]
