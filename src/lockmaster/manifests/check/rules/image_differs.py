"""Migrations of another build than the application's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.images import image
from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.objects import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.migrating import Migration
    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="image-differs",
    severity="warning",
    title="the migration's image is of another version than the application's",
    effect="the schema is at the level of one build and the code of another: it works until a deployment changes only one "
    "of the two lines",
    help="the same image and tag in both, set by the same line of the pipeline; or mount the application's image as a volume "
    "(image volumes) so that the migrations are those of the code",
)


def find(world: World) -> Iterator[Finding]:
    """Every migration whose image is of another version, or of another name that nothing ties to the application's."""
    for migration in world.migrations:
        if migration.role not in ("init", "sidecar"):
            continue
        mine = image(text(migration.container.root.get("image")))
        apps = [
            image(text(one.root.get("image"))) for one in migration.workload.containers() if one.field == "containers"
        ]
        if not mine.repository or mine.version in {app.version for app in apps}:
            continue
        related = [app for app in apps if _related(mine.repository, app.repository)]
        if related:
            message = f"{mine.version} migrates for {related[0].version} of {related[0].repository}"
            yield at(RULE, migration.container, "image", message=message)
        elif apps and not _brought(migration):
            message = f"nothing ties the migrations in {mine.repository} to the version of {apps[0].repository}"
            yield at(RULE, migration.container, "image", message=message, less="info")


def _brought(migration: Migration) -> bool:
    """Whether the migrations may come from elsewhere than the image: by a volume, or from an address."""
    return bool(migration.container.root.get("volumeMounts")) or "://" in migration.bare.text


def _related(migrates: str, serves: str) -> bool:
    """Whether the one is the other, or is called after it: app, app-migrations."""
    if not migrates or not serves:
        return False
    return migrates == serves or (migrates.startswith(f"{serves}-") and "migrat" in migrates[len(serves) :])
