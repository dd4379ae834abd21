"""A migration that nobody waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="migration-as-sidecar",
    severity="error",
    title="restartPolicy: Always makes the migration a sidecar",
    effect="the application starts without waiting for it, whether it fails or not; and when it has ended it is started again, "
    "for as long as the pod lives",
    help="remove restartPolicy from the init container: only then do the next containers wait until it is done",
)


def find(world: World) -> Iterator[Finding]:
    """Every migration in a native sidecar."""
    for migration in world.migrations:
        if migration.role == "sidecar":
            message = f"{migration.command!r} runs beside the application, again and again"
            yield at(RULE, migration.container, "restartPolicy", message=message)
