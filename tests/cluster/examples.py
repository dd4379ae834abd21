"""The two example manifests: their text as teams write it, and what has to be there beside it.

namespace.roll_out(web(), "web-with-migration")
namespace.roll_out(changed_in_some_way(BACKEND.read_text()), "my-backend-deployment")
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from tests.cluster.conftest import MANIFESTS
from tests.cluster.objects import URL

if TYPE_CHECKING:
    from tests.cluster.namespace import Namespace

WEB = MANIFESTS / "web-with-migration.yaml"
BACKEND = MANIFESTS / "my-backend-deployment.yaml"
SECRET: dict[str, Any] = {
    "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "database-secret"}, "stringData": {"database_url": URL},
}  # fmt: skip
MADE_BY_NODE_PG_MIGRATE = ["1700000000001_users", "1700000000002_orders"]
MADE_BY_PRISMA = ["20240101000000_users", "20240102000000_orders"]


def web() -> str:
    """The text of the one, with the selector and the labels that it lacks, and nothing else."""
    yaml = YAML()
    manifest = yaml.load(WEB)
    manifest["spec"]["selector"] = {"matchLabels": {"app": "web"}}
    manifest["spec"]["template"]["metadata"] = {"labels": {"app": "web"}}
    text = io.StringIO()
    yaml.dump(manifest, text)
    return text.getvalue()


def by_node_pg_migrate(namespace: Namespace) -> list[str]:
    """The migrations of the one that are applied, in its tool's own table."""
    return namespace.sql("SELECT name FROM pgmigrations ORDER BY id")


def by_prisma(namespace: Namespace) -> list[str]:
    """The migrations of the other that are applied, in its tool's own table."""
    applied = "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY started_at"
    return namespace.sql(applied)
