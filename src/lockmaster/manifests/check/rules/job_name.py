"""A Job that cannot be applied twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Finding, Rule
from lockmaster.manifests.check.orders import hook
from lockmaster.manifests.objects import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import World

RULE = Rule(
    id="job-name",
    severity="warning",
    title="the Job has the same name for every version",
    effect="the pod template of a Job cannot be changed: applying the next version fails with field is immutable, or, where "
    "nothing in it changed, does not run it",
    help="put the version or a hash of the content into the name (lockmaster kube build does), make it a hook, or let the "
    "tool replace it: argocd.argoproj.io/sync-options: Replace=true,Force=true; kustomize.toolkit.fluxcd.io/force: enabled",
)
_VERSION = re.compile(r"\d")
_FORCED = ("argocd.argoproj.io/sync-options", "kustomize.toolkit.fluxcd.io/force")


def find(world: World) -> Iterator[Finding]:
    """Every plain Job that migrates and has no version in its name, and that nothing replaces."""
    for workload in world.migrating:
        item = workload.object
        if item.kind != "Job" or world.live or hook(item) or "generateName" in mapping(item.root.get("metadata")):
            continue
        forced = any(re.search(r"Force=true|enabled", item.annotation(name)) for name in _FORCED)
        if not forced and not _VERSION.search(item.name):
            message = f"the next version of {item.name} is refused: its template is immutable"
            yield Finding(RULE, item, ("metadata", "name"), message)
