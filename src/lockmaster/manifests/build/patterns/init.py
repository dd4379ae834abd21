"""Migrations in an init container of each pod: nothing to order, nothing to wait for, whoever applies it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.build import containers, objects
from lockmaster.manifests.build.head import head, secrets
from lockmaster.manifests.build.stream import joined

if TYPE_CHECKING:
    from lockmaster.manifests.build.wish import Wish

_WHAT = """\
Migrations in an init container. All pods start at once, one of them migrates, the others wait outside the database and
go on when the schema is at the level of their image. A pod that starts later pays one read.
"""


def build(wish: Wish) -> dict[str, str]:
    """See the package."""
    why = "longer than the migration with one repetition: a roll-out that is at work is not called failed"
    return {
        f"{wish.name}.yaml": head(_WHAT, secrets(wish))
        + joined(
            objects.account(wish),
            objects.deployment(wish, first=containers.migrate(wish), progress=wish.limit, why=why),
            objects.service(wish),
            objects.budget(wish),
        )
    }
