"""`lockmaster migrate` in place of a team's own command."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.manifests.check.passwords import secrets
from lockmaster.manifests.inject import checks, parts
from lockmaster.manifests.inject.commands import migrations
from lockmaster.manifests.inject.wish import Note
from lockmaster.manifests.objects import listed
from lockmaster.settings.secret import mask

if TYPE_CHECKING:
    from lockmaster.manifests.inject.way import Way
    from lockmaster.manifests.objects import Container


def replace(way: Way) -> None:
    """The container keeps its name, its place, its env and its resources; image and command may be others."""
    target = way.target(way.wish.replace)
    folder, format_ = _folder(way, target)
    wanted = way.missing_url(target)
    found = way.supply(target, folder)
    change = way.edit.of(target)
    if not found.of_app:
        change.put("image", found.image)
        change.put("workingDir", None)
        if target.root.get("imagePullPolicy") == "Always":
            change.put("imagePullPolicy", None)
        if not target.root.get("securityContext"):
            change.put("securityContext", parts.hardened())
    change.put("command", way.command(found, wanted, format_))
    change.put("args", None)
    if not target.root.get("resources"):
        change.put("resources", parts.resources())
    change.add("env", [*wanted.env, *parts.pod_variables(listed(target.root.get("env")))])
    change.add("envFrom", wanted.env_from)
    change.add("volumeMounts", [*wanted.mounts, *found.mounts])
    number = target.number if target.field == "initContainers" else len(listed(way.workload.spec.get("initContainers")))
    checks.order(way.workload, number)
    way.bring(found, number)
    way.say(f"{target.name} in {way.workload.object.title} is lockmaster {way.verb} now", target)


def _folder(way: Way, target: Container) -> tuple[str, str]:
    """Folder and format of what the replaced command migrates."""
    place = target.place("command")
    known = migrations(target.words, place)
    if way.wish.dir:
        return way.wish.dir, known.format if known else ""
    if known:
        way.notes.append(Note(place, f"migrations in {known.folder}, format {known.format}: {known.assumed}"))
        return known.folder, known.format
    shown = mask(shlex.join(target.words), *secrets([way.workload])) or "the image's own command"
    raise UsageError(
        f"{place}: what {shown!r} migrates is not known",
        hint=f"--wrap {target.name} keeps the command; --dir names its migrations, if they are Prisma's or plain SQL",
    )
