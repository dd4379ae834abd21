"""A migration without requests and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.objects import dig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="missing-resources",
    severity="warning",
    title="the migration has no requests or no memory limit",
    effect="without requests the pod is among the first to be evicted, in the middle of a migration; without a memory limit it "
    "takes what the node has, and where a ResourceQuota asks for both the pod is refused",
    help="resources on the migration's container: up to those of the application they cost nothing, for a pod needs the "
    "larger of the two, not the sum",
)


def find(world: World) -> Iterator[Finding]:
    """Every migrating container that lacks one of the three."""
    for migration in world.migrations:
        resources = migration.container.root.get("resources")
        wanted = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
        lacking = [".".join(path) for path in wanted if dig(resources, path) is None]
        if lacking == ["requests.memory"] or (lacking and "requests.memory" in lacking and dig(resources, wanted[2])):
            lacking.remove("requests.memory")  # it is the limit, then
        if (
            lacking
            and not (lacking == ["requests.cpu"] and dig(resources, ("limits", "cpu")))
            and migration.role != "app"
        ):
            path = ("resources",) if resources else ()
            message = f"container {migration.container.name} has no {', '.join(lacking)}"
            yield at(RULE, migration.container, *path, message=message)
