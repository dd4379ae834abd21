"""A failure that kubectl describe does not explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.objects import dig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="termination-message",
    severity="info",
    title="kubectl describe does not say why the migration failed",
    effect="the pod's status says Error and an exit code; the reason is in a log that the next restart but one takes away",
    help="terminationMessagePolicy: FallbackToLogsOnError puts the end of the log into the status (Lockmaster writes its "
    "reason there by itself)",
)
WANTED = "FallbackToLogsOnError"


def find(world: World) -> Iterator[Finding]:
    """Every migration by another tool without it."""
    for migration in world.migrations:
        root = migration.container.root
        if migration.role in ("init", "job") and not migration.ours and root.get("terminationMessagePolicy") != WANTED:
            message = f"why {migration.command!r} failed is only in the log"
            yield at(RULE, migration.container, message=message)


def fix(root: Any, finding: Finding) -> None:
    """Let the end of the log be the message; a message that is written by the program stays."""
    dig(root, finding.path)["terminationMessagePolicy"] = WANTED
