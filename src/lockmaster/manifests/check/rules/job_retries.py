"""A Job that repeats what no repetition helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.facts import job
from lockmaster.manifests.check.model import Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import World

RULE = Rule(
    id="job-retries",
    severity="info",
    title="the Job repeats failures that no repetition helps",
    effect="a migration with an error in its SQL is tried backoffLimit times (6 by default, with pauses up to 6 minutes) "
    "before the release hears of it",
    help="podFailurePolicy with FailJob for the exit codes that are not worth a retry: docs/exit-codes.md has it ready",
)


def find(world: World) -> Iterator[Finding]:
    """Every Job that runs Lockmaster, whose exit codes would tell, without such a policy."""
    for migration in world.migrations:
        found = job(migration.workload)
        if found is None or not migration.ours or found.spec.get("podFailurePolicy"):
            continue
        if found.spec.get("backoffLimit") != 0:
            message = f"{migration.command!r} says by its exit code what is worth a retry; nobody listens"
            yield Finding(RULE, migration.workload.object, found.path, message)
