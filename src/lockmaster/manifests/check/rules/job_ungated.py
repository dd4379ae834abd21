"""An application that does not wait for the Job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.images import image
from lockmaster.manifests.check.model import Finding, Rule
from lockmaster.manifests.check.orders import argo, helm, hook, wave
from lockmaster.manifests.check.waiting import gated
from lockmaster.manifests.objects import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import World
    from lockmaster.manifests.objects import Container

RULE = Rule(
    id="job-ungated",
    severity="warning",
    title="the application starts without waiting for the migration Job",
    effect="Job and Deployment are applied at the same time: new pods meet the old schema until the Job is done, and go on "
    "meeting it when the Job fails",
    help="an init container that waits for the schema: lockmaster gate; or an order: a Helm hook pre-install,pre-upgrade, an "
    "Argo CD PreSync hook or a lower sync wave",
)
_SERVES = ("Deployment", "StatefulSet", "DaemonSet", "Rollout")


def find(world: World) -> Iterator[Finding]:
    """Every workload of the image that a plain Job migrates with, if nothing in it waits."""
    for migration in world.migrations:
        item = migration.workload.object
        if (
            item.kind != "Job"
            or world.live
            or {"pre-install", "pre-upgrade"} & set(helm(item))
            or "PreSync" in argo(item)
        ):
            continue
        mine = _repository(migration.container)
        for workload in world.workloads:
            same = any(_repository(one) == mine for one in workload.containers() if one.field == "containers")
            if not same or not mine or workload.object.kind not in _SERVES or world.migrations_of(workload):
                continue
            ordered = not hook(workload.object) and wave(item) < wave(workload.object)
            if not ordered and not any(gated(one) for one in workload.containers()):
                message = f"{workload.object.title} does not wait for {item.title}"
                yield Finding(RULE, workload.object, workload.spec_path, message)


def _repository(container: Container) -> str:
    return image(text(container.root.get("image"))).repository
