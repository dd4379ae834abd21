"""Shell syntax where no shell reads it."""

from __future__ import annotations

import re
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
    effect="the program gets &&, | or ; as an argument: what stands behind it never runs, or the whole command is refused; "
    "a line in one word is looked for as a program of that name, and the container cannot start",
    help="command: [sh, -c, 'first && second'], or one container for each command",
)
_OPERATORS = frozenset({"&&", "||", "|", ";", ">", "<", ">>", "2>&1", "&"})


_PROGRAM = re.compile(r"[\w@.-]+( +[\w@./:=-]+)+")  # a whole command line in one word


def find(world: World) -> Iterator[Finding]:
    """Every lone operator in a command that is not a shell's, and every command line that is to be a program's name."""
    for workload in world.migrating:
        for container in workload.containers():
            command = [text(word) for word in listed(container.root.get("command"))]
            if command and _PROGRAM.fullmatch(command[0]):
                message = f"there is no program {command[0]!r}: no shell cuts it into words"
                yield at(RULE, container, "command", 0, message=message)
            if not command or shell.base(command[0]) in {*shell.SHELLS, "busybox", "find", "expr", "test", "["}:
                continue
            for field in ("command", "args"):
                for number, word in enumerate(listed(container.root.get(field))):
                    if text(word) in _OPERATORS:
                        message = f"{text(word)!r} is an argument of {shell.base(command[0])}: no shell reads it"
                        yield at(RULE, container, field, number, message=message)
