"""A hook that needs what is not there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Finding, Rule
from lockmaster.manifests.check.orders import before
from lockmaster.manifests.check.references import maker, references

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import World

RULE = Rule(
    id="hook-order",
    severity="error",
    title="the hook needs something that is made after it",
    effect="on the first installation the pod cannot start (CreateContainerConfigError, service account not found), and the "
    "release waits for it until it times out; later ones migrate with what the release before left",
    help="make what it needs a hook too, with a lower weight (helm.sh/hook: pre-install,pre-upgrade; helm.sh/hook-weight; Argo "
    "CD: PreSync and a lower sync wave), or migrate in an init container, which comes after all of it",
)


def find(world: World) -> Iterator[Finding]:
    """Everything that a migration's pod refers to, stands in these manifests, and comes later."""
    for workload in world.migrating:
        told = set()
        for wanted in references(workload):
            made = maker(world, workload, wanted)
            why = before(workload.object, made) if made and not world.live else ""
            if why and (wanted.kind, wanted.name) not in told:
                told.add((wanted.kind, wanted.name))
                message = f"{wanted.kind} {wanted.name} is not there yet: {why}"
                yield Finding(RULE, workload.object, wanted.path, message)
