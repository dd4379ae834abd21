"""A team's own command, put under `lockmaster exec`: it stays what it is, and runs one replica at a time."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.manifests.inject import checks, sources
from lockmaster.manifests.objects import listed, text

if TYPE_CHECKING:
    from lockmaster.manifests.inject.way import Way
    from lockmaster.manifests.objects import Container


def wrap(way: Way) -> None:
    """Words in front of its command, and Lockmaster in a volume beside it; nothing else of it changes."""
    target = way.target(way.wish.wrap)
    command = _own_command(way, target)
    init, volumes, mounts, program = sources.bundle(way.wish)
    wanted = way.missing_url(target)
    words = [program, "exec", *way.options(wanted, target_dir=way.wish.dir), *way.wish.options, "--"]
    change = way.edit.of(target)
    change.words(words, command)
    change.add("env", wanted.env)
    change.add("envFrom", wanted.env_from)
    change.add("volumeMounts", [*wanted.mounts, *mounts])
    number = target.number if target.field == "initContainers" else len(listed(way.workload.spec.get("initContainers")))
    checks.order(way.workload, number)
    way.bring_all(init, volumes, number)
    way.say(f"the command of {target.name} in {way.workload.object.title} is under lockmaster exec", target)


def _own_command(way: Way, target: Container) -> list[str]:
    """What stands in for the image's entrypoint, where the manifest has no command."""
    if listed(target.root.get("command")):
        if way.wish.command:
            raise UsageError(f"{target.place('command')}: {target.name} has a command", hint="leave --command out")
        return []
    if way.wish.command:
        return shlex.split(way.wish.command)
    raise UsageError(
        f"{target.place()}: {target.name} has no command: what its image runs is not known here",
        hint=f"--command with its {'ENTRYPOINT (the args stay)' if target.root.get('args') else 'ENTRYPOINT and CMD'}, as docker"
        f" inspect {text(target.root.get('image'))} shows them: --command 'npm run migrate'",
    )
