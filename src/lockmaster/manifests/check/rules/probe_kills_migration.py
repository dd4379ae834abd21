"""A probe that ends a long migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="probe-kills-migration",
    severity="error",
    title="a liveness probe may kill the migration",
    effect="while the container migrates it does not answer; after failureThreshold probes the kubelet kills it in the middle, "
    "and it begins again, and is killed again",
    help="migrate in an init container, which has no probes; or give the container a startupProbe that lasts longer than any "
    "migration",
)


def find(world: World) -> Iterator[Finding]:
    """Every container that migrates and then serves, with a liveness probe and no startup probe."""
    for migration in world.migrations:
        root = migration.container.root
        if migration.role == "app" and "livenessProbe" in root and "startupProbe" not in root:
            message = f"the probe runs while {migration.command!r} is at work"
            yield at(RULE, migration.container, "livenessProbe", message=message)
