"""A hook that stands in its own way, or takes its log with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Finding, Rule
from lockmaster.manifests.check.orders import ARGO_DELETE, DELETE, argo, helm
from lockmaster.manifests.objects import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import World

RULE = Rule(
    id="hook-delete-policy",
    severity="warning",
    title="the hook's delete policy is wrong for a migration",
    effect="without before-hook-creation a failed Job stays, and the next upgrade says already exists; with hook-failed its log "
    "is deleted at the moment when it is needed",
    help="helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded (Argo CD: BeforeHookCreation); or leave it away, "
    "before-hook-creation is the default",
)


def find(world: World) -> Iterator[Finding]:
    """Every hook that migrates and is deleted too late or too soon."""
    for workload in world.migrating:
        item = workload.object
        hooked = DELETE if helm(item) else ARGO_DELETE if argo(item) else ""
        policies = item.annotation(hooked).lower().replace("-", "") if hooked else ""
        if not policies:
            continue
        named = "generateName" not in mapping(item.root.get("metadata"))
        path = ("metadata", "annotations", hooked)
        if "hookfailed" in policies:
            yield Finding(RULE, item, path, "the log of a failed migration is deleted with its Job")
        elif "beforehookcreation" not in policies and named:
            yield Finding(RULE, item, path, f"a Job {item.name} that failed stands in the way of the next one")
