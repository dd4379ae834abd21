"""A rolling update that may neither add a pod nor take one away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.facts import none_at_all, strategy
from lockmaster.manifests.check.model import Finding, Rule
from lockmaster.manifests.objects import dig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from lockmaster.manifests.check.model import World

RULE = Rule(
    id="surge-zero",
    severity="error",
    title="maxSurge and maxUnavailable are both 0",
    effect="the API server refuses the object: a rolling update could neither add a pod nor take one away",
    help="maxSurge: 1 with maxUnavailable: 0 keeps all replicas serving; it is no lock for migrations, though",
)


def find(world: World) -> Iterator[Finding]:
    """Every rolling update that cannot move."""
    for workload in world.workloads:
        kind, update = strategy(workload)
        if kind != "RollingUpdate" or workload.object.kind == "StatefulSet":
            continue
        surge = update.get("maxSurge", 0 if workload.object.kind == "DaemonSet" else None)  # the server's default
        if none_at_all(surge) and none_at_all(update.get("maxUnavailable")):
            field = "updateStrategy" if workload.object.kind == "DaemonSet" else "strategy"
            path = ("spec", field, "rollingUpdate", "maxSurge")
            yield Finding(RULE, workload.object, path, "maxSurge 0 and maxUnavailable 0: no pod could ever be replaced")


def fix(root: Any, finding: Finding) -> None:
    """Let one pod come before another goes."""
    dig(root, finding.path[:-1])["maxSurge"] = 1
