"""A wait for a Job that may not look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.check.waiting import job_waited_for
from lockmaster.manifests.objects import listed, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="wait-permission",
    severity="warning",
    title="the pod waits for a Job that it may not see",
    effect="the API server answers Forbidden: the pod never starts, or, where the waiter takes that for done, starts too early",
    help="a Role with get and watch on jobs, bound to the pod's service account; or lockmaster gate, which asks the database "
    "and needs no right",
)


def find(world: World) -> Iterator[Finding]:
    """Every wait in a pod with the default service account, or without its token, that no binding here names."""
    bound = {text(mapping(one).get("name")) for item in world.kind("RoleBinding", "ClusterRoleBinding")
             for one in listed(item.root.get("subjects"))}  # fmt: skip
    for workload in world.workloads:
        account = text(workload.spec.get("serviceAccountName")) or "default"
        for container in workload.containers():
            wait = job_waited_for(container)
            if wait is None:
                continue
            if workload.spec.get("automountServiceAccountToken") is False:
                yield at(RULE, container, message=f"{container.name} asks for Job {wait.job} without a token")
            elif account == "default" and account not in bound and not world.live:
                message = f"{container.name} asks for Job {wait.job} as the default service account"
                yield at(RULE, container, message=message)
