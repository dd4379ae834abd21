"""All pods are stopped before the migration begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.facts import of_a_file, strategy
from lockmaster.manifests.check.model import Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import World

RULE = Rule(
    id="recreate",
    severity="warning",
    title="Recreate stops all pods before the migration begins",
    effect="nothing serves for as long as the migration takes; when it fails, nothing serves until somebody mends it. "
    "RollingUpdate keeps the old pods, which then meet the new schema for a while",
    help="RollingUpdate with migrations that the old code can live with; or migrate in a Job before the roll-out. Recreate "
    "is right where old code and new schema must never meet, and for a file that one pod alone may open",
)


def find(world: World) -> Iterator[Finding]:
    """Every Deployment with Recreate and a migration in its init containers, unless its database is a file."""
    for workload in world.migrating:
        waits = any(one.role in ("init", "app") for one in world.migrations_of(workload))
        kind, _ = strategy(workload)
        if waits and kind == "Recreate" and not of_a_file(workload):
            message = "no pod serves while the migration runs, nor after it failed"
            yield Finding(RULE, workload.object, ("spec", "strategy", "type"), message)
