"""An init container that nothing ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.migrating import ends
from lockmaster.manifests.check.model import Rule, at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="init-deadline",
    severity="warning",
    title="nothing ends a migration that hangs",
    effect="an init container has no time limit of its own: one that waits for a lock or a network stays in Init for ever, "
    "holds what it holds, and the roll-out says ProgressDeadlineExceeded without a cause",
    help="lockmaster migrate --deadline 10m (or LOCKMASTER_DEADLINE), lockmaster exec --deadline 10m -- COMMAND, or timeout "
    "600 COMMAND; and a progressDeadlineSeconds above it",
)


def find(world: World) -> Iterator[Finding]:
    """Every migrating init container without a limit, in pods that go on."""
    for migration in world.migrations:
        if migration.role == "init" and not ends(migration.workload) and migration.limit is None:
            yield at(RULE, migration.container, message=f"{migration.command!r} has no time limit")
