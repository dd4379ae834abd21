"""A migration Job that nothing ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.facts import job
from lockmaster.manifests.check.model import Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import World

RULE = Rule(
    id="job-deadline",
    severity="warning",
    title="the Job has no activeDeadlineSeconds",
    effect="a migration that hangs, or an image that cannot be pulled, holds up the release until somebody looks; backoffLimit "
    "counts failures only",
    help="activeDeadlineSeconds: 1800 in the Job's spec; a deadline of the command itself (lockmaster --deadline) a little "
    "below it says why",
)


def find(world: World) -> Iterator[Finding]:
    """Every Job that migrates, without one."""
    for workload in world.migrating:
        found = job(workload)
        if found and not found.spec.get("activeDeadlineSeconds") and not workload.spec.get("activeDeadlineSeconds"):
            yield Finding(RULE, workload.object, found.path, "the Job may run for ever")
