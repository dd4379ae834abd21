"""An image that may be another one tomorrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.images import image
from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.objects import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="latest-tag",
    severity="warning",
    title="the image has no version",
    effect="pods that start at different times migrate with different builds; a roll-back is not one, because the name "
    "stays the same; and latest is pulled at each start",
    help="a tag that is never used twice, or a digest: my-app:1.4.2, my-app@sha256:DIGEST",
)


def find(world: World) -> Iterator[Finding]:
    """Every image without a tag, or with `latest`, in a pod that migrates."""
    for workload in world.migrating:
        for container in workload.containers():
            name = text(container.root.get("image"))
            if name and not image(name).pinned:
                yield at(RULE, container, "image", message=f"{name} may be another image tomorrow")
