"""A migration that may run as root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.facts import security
from lockmaster.manifests.check.model import Rule, at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="runs-as-root",
    severity="warning",
    title="the migration may run as root",
    effect="who gets into the migration, by a dependency for one, has root in a container that knows the owner's password of "
    "the database; namespaces with the restricted Pod Security Standard refuse the pod",
    help="securityContext: {runAsNonRoot: true, runAsUser: 10001, allowPrivilegeEscalation: false}, on the container or the pod",
)


def find(world: World) -> Iterator[Finding]:
    """Every migrating container that is not told to be somebody else."""
    for migration in world.migrations:
        user, other = security(migration.container, "runAsUser"), security(migration.container, "runAsNonRoot")
        if user == 0:
            yield at(
                RULE, migration.container, message=f"container {migration.container.name} runs as root (runAsUser: 0)"
            )
        elif not other and not user:
            message = f"nothing says that container {migration.container.name} is not root"
            yield at(RULE, migration.container, message=message)
