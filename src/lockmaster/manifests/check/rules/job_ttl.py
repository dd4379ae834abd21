"""Pods that wait for a Job that is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.check.orders import ARGO_DELETE, DELETE
from lockmaster.manifests.check.waiting import job_waited_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World
    from lockmaster.manifests.objects import Object

RULE = Rule(
    id="job-ttl",
    severity="error",
    title="pods wait for a Job that its TTL removes",
    effect="after ttlSecondsAfterFinished the Job is gone: a pod that starts later (scale-up, lost node) waits for it for "
    "ever, or fails again and again",
    help="wait for the schema, not for the Job: lockmaster gate needs no Job and no rights at the API server; or lockmaster "
    "wait 'kube://job/NAME?gone=complete'",
)


def find(world: World) -> Iterator[Finding]:
    """Every wait for a Job of these manifests that has a TTL, or that Helm or Argo CD deletes."""
    jobs = {item.name: item for item in world.kind("Job")}
    for workload in world.workloads:
        for container in workload.containers():
            wait = job_waited_for(container)
            if wait is None or wait.forgiving or wait.job not in jobs:
                continue
            if why := _removed(jobs[wait.job]):
                yield at(RULE, container, message=f"{container.name} waits for Job {wait.job}, which is gone {why}")


def _removed(item: Object) -> str:
    ttl = item.at("spec", "ttlSecondsAfterFinished")
    if ttl is not None:
        return f"{ttl}s after its end"
    policies = f"{item.annotation(DELETE)},{item.annotation(ARGO_DELETE)}".lower()
    return "once it succeeded (its hook delete policy)" if "succeeded" in policies else ""
