"""A tool whose lock is its session's, behind a transaction pooler."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at, env_path
from lockmaster.manifests.check.said import variables
from lockmaster.manifests.objects import listed, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from lockmaster.manifests.check.migrating import Migration
    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="pooler",
    severity="warning",
    title="a session lock behind a connection pooler",
    effect="in transaction mode the pooler gives each transaction another session: the lock is lost at once, or stays "
    "with a session that nobody ends; two pods migrate, or none does",
    help="give the migration the database's own address (DIRECT_URL, port 5432), or let Lockmaster run it: it finds the "
    "pooler and goes past it",
)
_POOLER = re.compile(
    r"://[^/]*(?:pgbouncer|pgcat|pooler|odyssey)[^/]*/|://[^/]+:(?:6432|6543)(?:/|$)|[?&]pgbouncer=true"
)


def find(world: World) -> Iterator[Finding]:
    """Every migration with such a lock and such a URL, and no direct one."""
    for migration in world.migrations:
        if migration.ours or migration.tool.lock != "session":
            continue
        found = variables(migration.container)
        if any(name.startswith("DIRECT") for name in map(_name, _entries(migration))):
            continue
        for name, value in found.items():
            if _POOLER.search(value):
                message = f"{name} leads to a pooler, where {migration.tool.name}'s lock does not hold"
                yield at(RULE, migration.container, *env_path(migration.container, name), message=message)


def _entries(migration: Migration) -> list[Any]:
    return listed(migration.container.root.get("env"))


def _name(entry: Any) -> str:
    return text(mapping(entry).get("name"))
