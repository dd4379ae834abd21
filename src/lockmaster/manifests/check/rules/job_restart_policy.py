"""A Job whose pods leave nothing to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.facts import job
from lockmaster.manifests.check.model import Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import World

RULE = Rule(
    id="job-restart-policy",
    severity="warning",
    title="restartPolicy: OnFailure hides why the Job failed",
    effect="the failed container is started again in the same pod, and when the Job gives up the pod is deleted with its "
    "logs: all that is left is BackoffLimitExceeded. podFailurePolicy is not allowed with it",
    help="restartPolicy: Never: each try is a pod whose log and termination message stay",
)


def find(world: World) -> Iterator[Finding]:
    """Every Job that migrates, with that policy."""
    for workload in world.migrating:
        if job(workload) and workload.spec.get("restartPolicy") == "OnFailure":
            message = "the pod of the last try is deleted together with its log"
            yield Finding(RULE, workload.object, (*workload.spec_path, "restartPolicy"), message)
