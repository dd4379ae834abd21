"""Migrations in a Job; the application's pods wait for the schema, not for the Job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.build import containers, job, objects
from lockmaster.manifests.build.head import head, secrets
from lockmaster.manifests.build.stream import joined

if TYPE_CHECKING:
    from lockmaster.manifests.build.wish import Wish

_WHAT = """\
Migrations in a Job, and a gate in front of the application. Both are applied together, in any order: the gate asks the
database for the level of its own image. It needs no rights in the cluster, and a Job that its TTL took away does not
strand a pod that starts later. The application's pods never see the password of the role that owns the tables.
"""
NAMED = "by its content: a template cannot be changed, and what did not change is not run again"
PROGRESS = "longer than the Job may take: a roll-out that waits for it is not called failed"


def build(wish: Wish) -> dict[str, str]:
    """See the package."""
    return {f"{wish.name}.yaml": head(_WHAT, secrets(wish)) + joined(*migration(wish), *application(wish))}


def migration(wish: Wish) -> list[str]:
    """What migrates."""
    return [objects.account(wish, migration=True), job.job(wish, why=NAMED)]


def application(wish: Wish) -> list[str]:
    """What waits, and serves then."""
    gated = objects.deployment(wish, first=containers.gate(wish), progress=wish.limit + 300, why=PROGRESS)
    return [objects.account(wish), gated, objects.service(wish), objects.budget(wish)]
