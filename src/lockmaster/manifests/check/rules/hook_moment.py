"""A hook at the wrong moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Finding, Rule
from lockmaster.manifests.check.orders import ARGO, HELM, argo, helm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import World

RULE = Rule(
    id="hook-moment",
    severity="warning",
    title="the hook migrates at the wrong moment",
    effect="post-hooks come when the new pods already run, and with helm --wait only when they are ready: pods that wait for "
    "the schema wait for ever. pre-install alone never migrates an upgrade. At a roll-back the old image migrates, which "
    "does not have the files to go back",
    help="helm.sh/hook: pre-install,pre-upgrade; argocd.argoproj.io/hook: PreSync",
)


def find(world: World) -> Iterator[Finding]:
    """Every migration in a hook that comes too late, too rarely, or at a roll-back."""
    for workload in world.migrating:
        moments = set(helm(workload.object))
        if moments and (message := _wrong(moments)):
            yield Finding(RULE, workload.object, ("metadata", "annotations", HELM), message)
        if "PostSync" in argo(workload.object):
            message = "new pods start before the migration begins"
            yield Finding(RULE, workload.object, ("metadata", "annotations", ARGO), message)


def _wrong(moments: set[str]) -> str:
    if "pre-rollback" in moments or "post-rollback" in moments:
        return "at a roll-back the older image migrates, which does not know the newer migrations"
    if "post-upgrade" in moments:
        return "new pods start before the migration begins"
    if "pre-install" in moments and not moments & {"pre-upgrade", "post-upgrade"}:
        return "an upgrade does not migrate: pre-upgrade is missing"
    return ""
