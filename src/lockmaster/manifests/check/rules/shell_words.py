"""A script of `sh -c` that is cut into words."""

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
    id="shell-words",
    severity="error",
    title="the words behind sh -c are no script",
    effect="a shell takes only the first word behind -c for its script: sh -c npm run migrate runs npm, which prints its "
    "help",
    help="write the script as one word, or leave the shell away: command: [npm, run, migrate]",
)


def find(world: World) -> Iterator[Finding]:
    """Every `sh -c` whose script is a lone program with words of its own behind it."""
    for workload in world.workloads:
        for container in workload.containers():
            words = [(field, number, text(word)) for field in ("command", "args")
                     for number, word in enumerate(listed(container.root.get(field)))]  # fmt: skip
            said = [word for _, _, word in words]
            found = shell.inner(said)
            if found is None or not re.fullmatch(r"[\w./-]+", found[1]):
                continue
            script = said.index(found[1], 1)
            if len(said) > script + 1:
                field, number, _ = words[script]
                message = f"the script is {found[1]!r} alone; {said[script + 1]!r} and the rest are not run"
                yield at(RULE, container, field, number, message=message)
