"""A wait for the database that comes after the migration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.check.waiting import gated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="wait-after-migration",
    severity="warning",
    title="the wait for the database comes after the migration",
    effect="init containers run in the order in which they stand: the migration meets a database that is not ready, fails, "
    "and is tried again with ever longer pauses",
    help="put the wait first; Lockmaster waits by itself and needs none",
)
_DATABASE = re.compile(r"(?:^|[-_])(?:db|database|postgres\w*|pg|mysql|mariadb)(?:$|[-_])")


def find(world: World) -> Iterator[Finding]:
    """Every init container that waits for a database, behind one that migrates."""
    for workload in world.migrating:
        first = next((one for one in world.migrations_of(workload) if one.role == "init"), None)
        if first is None:
            continue
        for container in workload.containers():
            late = container.init and container.number > first.container.number
            if late and gated(container) and _DATABASE.search(container.name) and "migrat" not in container.name:
                message = f"{container.name} waits for the database behind {first.container.name}, which needs it"
                yield at(RULE, container, message=message)
