"""Shell syntax where no shell reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check import shell
from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.objects import listed, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="shell-syntax",
    severity="error",
    title="shell syntax where no shell reads it",
    effect="the program gets &&, | or ; as an argument: what stands behind it never runs, or the whole command is refused",
    help="command: [sh, -c, 'first && second'], or one container for each command",
)
_OPERATORS = frozenset({"&&", "||", "|", ";", ">", "<", ">>", "2>&1", "&"})


def find(world: World) -> Iterator[Finding]:
    """Every lone operator in a command that is not a shell's."""
    for workload in world.migrating:
        for container in workload.containers():
            command = listed(container.root.get("command"))
            if not command or shell.base(text(command[0])) in {*shell.SHELLS, "busybox", "find", "expr", "test", "["}:
                continue
            for field in ("command", "args"):
                for number, word in enumerate(listed(container.root.get(field))):
                    if text(word) in _OPERATORS:
                        message = f"{text(word)!r} is an argument of {shell.base(text(command[0]))}: no shell reads it"
                        yield at(RULE, container, field, number, message=message)
