"""A roll-out that is given up while its migration may still run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.facts import number
from lockmaster.manifests.check.model import Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from lockmaster.manifests.check.model import World

RULE = Rule(
    id="progress-deadline",
    severity="warning",
    title="progressDeadlineSeconds is shorter than the migration's deadline",
    effect="the roll-out is reported as failed (helm --wait, kubectl rollout status, Argo CD: Degraded) while the migration "
    "is still at work within its limit",
    help="progressDeadlineSeconds: the migration's deadline and two minutes for the pod to start; the default is 600",
)
_START = 120  # seconds for the image and for the application to become ready


def find(world: World) -> Iterator[Finding]:
    """Every Deployment that gives up before its init containers' limits are over."""
    for workload in world.migrating:
        if workload.object.kind not in ("Deployment", "Rollout"):
            continue
        limits = [one.limit for one in world.migrations_of(workload) if one.role == "init" and one.limit]
        written = workload.object.at("spec", "progressDeadlineSeconds")
        if limits and number(written, 600) < sum(limits):
            default = "" if written else " by default"
            message = (
                f"the roll-out fails after {number(written, 600)}s{default}, the migration may take {sum(limits):.0f}s"
            )
            path, wanted = ("spec", "progressDeadlineSeconds"), int(sum(limits)) + _START
            yield Finding(RULE, workload.object, path, message, wanted=wanted)


def fix(root: Any, finding: Finding) -> None:
    """Report a failure later; no pod is touched by it."""
    root["spec"]["progressDeadlineSeconds"] = finding.wanted
