"""A database URL that may be missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.objects import dig, listed, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="optional-url",
    severity="warning",
    title="the database's address or password is optional",
    effect="where the Secret or its key is missing the migration starts without it: some tools then migrate a default "
    "database, or nothing, and exit 0",
    help="remove optional: true: the pod then waits for the Secret, and says so (CreateContainerConfigError)",
)
_NAME = re.compile(r"URL|DSN|PASS|DATABASE|_HOST|CONNECTION")


def find(world: World) -> Iterator[Finding]:
    """Every optional variable of a migration that looks like its database's."""
    for migration in world.migrations:
        for number, one in enumerate(map(mapping, listed(migration.container.root.get("env")))):
            for source in ("secretKeyRef", "configMapKeyRef"):
                name = text(one.get("name"))
                if dig(one, ("valueFrom", source, "optional")) is True and _NAME.search(name):
                    path = ("env", number)
                    yield at(RULE, migration.container, *path, message=f"{name} may be missing (optional: true)")
