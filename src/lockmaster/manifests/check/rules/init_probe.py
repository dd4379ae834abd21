"""Probes and hooks of the kubelet on an init container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.objects import dig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="init-probe",
    severity="error",
    title="an init container has a probe or a lifecycle hook",
    effect="the API server refuses the object: only what goes on running can be probed",
    help="remove it; what limits an init container is a deadline of its own",
)
_FIELDS = ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle")


def find(world: World) -> Iterator[Finding]:
    """Every such field of an init container that is no native sidecar."""
    for workload in world.workloads:
        for container in workload.containers():
            for field in _FIELDS:
                if container.init and field in container.root:
                    yield at(RULE, container, field, message=f"init container {container.name} has a {field}")


def fix(root: Any, finding: Finding) -> None:
    """Remove the field: nothing that was ever accepted had it."""
    del dig(root, finding.path[:-1])[finding.path[-1]]
