"""Less memory than the tool was seen to need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.facts import bytes_of
from lockmaster.manifests.check.measured import MIB, peak
from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.objects import dig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="memory-limit",
    severity="warning",
    title="the memory limit is below what the tool was measured to need",
    effect="the kernel kills the migration (OOMKilled, 137) at the start, or in the middle of the first larger file",
    help="raise limits.memory above the measured peak, with room for larger migrations; Lockmaster itself needs a tenth of "
    "what Node.js does",
)


def find(world: World) -> Iterator[Finding]:
    """Every migration with a limit below the peak of a tool that was measured."""
    for migration in world.migrations:
        limit = bytes_of(dig(migration.container.root, ("resources", "limits", "memory")))
        measured = peak(migration.bare.text)
        if limit is not None and measured and limit < measured[1] * MIB:
            message = f"{limit / MIB:.0f}Mi; {measured[0]} needed {measured[1]} MiB where it was measured"
            yield at(RULE, migration.container, "resources", "limits", "memory", message=message)
