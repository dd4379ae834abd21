"""Several pods that migrate at once with nothing between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.facts import many
from lockmaster.manifests.check.model import Rule, at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="unlocked-replicas",
    severity="error",
    title="several pods migrate at once, without a lock",
    effect="two pods run the same statements at the same time: duplicate columns, dead locks, half a migration, and the "
    "loser's pod restarts until it finds the work done",
    help="put the command under a turn: lockmaster exec -- COMMAND (lockmaster kube inject --wrap NAME), or migrate in one "
    "Job and gate the pods",
)


def find(world: World) -> Iterator[Finding]:
    """Every migration that takes no lock, or nobody knows, where several pods may start."""
    for migration in world.migrations:
        if migration.ours or migration.tool.lock not in ("none", "unknown"):
            continue
        if why := many(migration.workload, world):
            known = migration.tool.lock == "none"
            fact = "takes no lock" if known else "may take no lock, nobody can see from here"
            message = f"{migration.command!r} {fact}, and {why}"
            yield at(RULE, migration.container, message=message, less=None if known else "warning")
