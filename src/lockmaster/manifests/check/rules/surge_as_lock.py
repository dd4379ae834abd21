"""A rolling update that is taken for a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.facts import strategy
from lockmaster.manifests.check.model import Finding, Rule
from lockmaster.manifests.objects import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import World

RULE = Rule(
    id="surge-as-lock",
    severity="warning",
    title="maxSurge 1 and maxUnavailable 0 are no lock",
    effect="they make a roll-out start one new pod at a time, and nothing more: the first roll-out and a scale-up start all "
    "pods at once, a lost node or an eviction starts pods whenever it likes, and a pod that is killed may still "
    "have a statement running",
    help="lockmaster exec -- COMMAND: the turn is taken in the database and ends with the session that runs the "
    "statements; the strategy may stay as it is",
)


def find(world: World) -> Iterator[Finding]:
    """Every such strategy around a migration that takes no lock of its own."""
    for migration in world.migrations:
        if migration.ours or migration.tool.lock not in ("none", "unknown") or migration.role not in ("init", "app"):
            continue
        kind, update = strategy(migration.workload)
        one_by_one = (text(update.get("maxSurge")), text(update.get("maxUnavailable")).removesuffix("%")) == ("1", "0")
        if kind == "RollingUpdate" and one_by_one:
            message = (
                f"a roll-out starts one pod at a time, but {migration.command!r} needs a lock at all other times too"
            )
            yield Finding(RULE, migration.workload.object, ("spec", "strategy", "rollingUpdate"), message)
