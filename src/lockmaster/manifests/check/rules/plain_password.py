"""A password that stands in the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.check.passwords import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="plain-password",
    severity="error",
    title="a password stands in the manifest",
    effect="who may read the manifest, its repository or the object has the database: for a migration, its owner's role",
    help="put it into a Secret and take it by valueFrom.secretKeyRef, or mount it and name the file "
    "(LOCKMASTER_PASSWORD_FILE)",
)


def find(world: World) -> Iterator[Finding]:
    """Every password of a container beside a migration."""
    for workload in world.migrating:
        for container in workload.containers():
            for one in plain(container):
                yield at(RULE, container, *one.path, message=f"{one.what} holds a password as plain text")
