"""A Job whose pods may run side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.facts import job, number
from lockmaster.manifests.check.model import Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import World

RULE = Rule(
    id="unlocked-job",
    severity="warning",
    title="two pods of the Job may migrate at once",
    effect="with parallelism above 1, or a CronJob that starts the next Job while the last one runs, migrations without a "
    "lock run side by side",
    help="parallelism: 1 and completions: 1; concurrencyPolicy: Forbid; or lockmaster exec in front of the command",
)


def find(world: World) -> Iterator[Finding]:
    """Every Job of a migration without a lock that allows it."""
    for migration in world.migrations:
        found = job(migration.workload)
        if found is None or migration.ours or migration.tool.lock not in ("none", "unknown"):
            continue
        item = migration.workload.object
        pods = number(found.spec.get("parallelism"), 1)
        if pods > 1:
            message = f"{pods} pods run {migration.command!r} at once"
            yield Finding(RULE, item, (*found.path, "parallelism"), message)
        elif item.kind == "CronJob" and item.at("spec", "concurrencyPolicy") in (None, "Allow"):
            message = f"a second {migration.command!r} starts while the first one runs (concurrencyPolicy: Allow)"
            yield Finding(RULE, item, ("spec",), message)
