"""A database in a file, opened by two pods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.facts import number, of_a_file, strategy
from lockmaster.manifests.check.model import Finding, Rule
from lockmaster.manifests.objects import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import World

RULE = Rule(
    id="rolling-update",
    severity="error",
    title="two pods open the same database file",
    effect="while it is rolled out the old pod serves from the file that the new one migrates, and on a network file system "
    "SQLite's locks may not hold: the file is damaged",
    help="strategy: {type: Recreate} and replicas: 1",
)


def find(world: World) -> Iterator[Finding]:
    """Every migrating Deployment on SQLite whose pods may overlap."""
    for workload in world.migrating:
        if workload.object.kind not in ("Deployment", "Rollout") or not of_a_file(workload):
            continue
        kind, update = strategy(workload)
        overlap = kind == "RollingUpdate" and text(update.get("maxSurge")) != "0"
        if overlap or number(workload.object.at("spec", "replicas"), 1) > 1:
            message = "the new pod migrates the file of the database while the old one serves from it"
            yield Finding(RULE, workload.object, ("spec", "strategy", "type"), message)
