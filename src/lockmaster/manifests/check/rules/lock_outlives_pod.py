"""A lock that stays when the pod that took it is killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="lock-outlives-pod",
    severity="warning",
    title="the tool's lock stays when its pod is killed",
    effect="the lock is a row in a table: after a kill, an eviction or a lost node it says for ever that somebody migrates, "
    "and every later pod waits for it, then fails, until somebody deletes it by hand",
    help="run it under a turn, where a lock that is there is nobody's and may be taken away first: lockmaster exec -- "
    "sh -c 'liquibase release-locks && liquibase update' (knex migrate:unlock)",
)


def find(world: World) -> Iterator[Finding]:
    """Every migration with such a lock that does not run under ours."""
    for migration in world.migrations:
        if migration.tool.lock == "row" and not migration.ours:
            yield at(RULE, migration.container, message=f"{migration.tool.name} keeps its lock as a row in a table")
