"""A hook that needs a database of the same release."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Finding, Rule, env_path
from lockmaster.manifests.check.orders import before
from lockmaster.manifests.check.said import variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import World

RULE = Rule(
    id="hook-database",
    severity="error",
    title="the hook migrates a database that is installed after it",
    effect="on the first installation there is no database yet: the hook waits until it gives up, and the installation fails",
    help="run it as an init container, or as a plain Job with gates; or as post-install,pre-upgrade with gates in the pods, and "
    "helm without --wait",
)
_HOST = re.compile(r"://(?:[^@/\s]*@)?([a-z0-9-]+)(?:\.[a-z0-9.-]+)?(?::\d+)?(?:/|$|\?)")
_HOST_NAME = re.compile(r"HOST(?:NAME)?$")


def find(world: World) -> Iterator[Finding]:
    """Every pre-hook whose database is a Service of these manifests that is no earlier hook."""
    services = {item.name: item for item in world.kind("Service")}
    for migration in world.migrations:
        item = migration.workload.object
        for name, value in variables(migration.container).items():
            found = _HOST.search(value)
            host = found[1] if found else value.partition(".")[0] if _HOST_NAME.search(name) else ""
            if host in services and (why := before(item, services[host])):
                path = (*migration.container.path, *env_path(migration.container, name))
                yield Finding(RULE, item, path, f"Service {host} is not there yet: {why}")
