"""npx that may fetch a package when the pod starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="npx-download",
    severity="info",
    title="npx fetches a package that is not in the image",
    effect="where the tool was left out of the image (npm ci --omit=dev) npx takes its newest version from the registry, "
    "at each start of a pod: another version, or none without a way out of the cluster",
    help="npx --no-install, or node_modules/.bin/NAME: it fails at once where the tool is not in the image",
)


def find(world: World) -> Iterator[Finding]:
    """Every migration by npx that does not forbid it."""
    for migration in world.migrations:
        if migration.bare.downloads:
            field = "args" if migration.container.root.get("args") else "command"
            message = f"npx may fetch {migration.bare.words[0]!r} at each start of a pod"
            yield at(RULE, migration.container, field, message=message)
