"""A loop that waits for ever."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.manifests.check import shell
from lockmaster.manifests.check.model import Rule, at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="endless-wait",
    severity="warning",
    title="a loop waits without a limit",
    effect="what never comes is waited for for ever: the pod hangs in Init, the roll-out fails with no word of the cause",
    help="lockmaster wait tcp://db:5432 --timeout 5m (it says what it saw last), or timeout 300 around the loop",
)
_LOOP = re.compile(r"(?:^|[\s;&(])(?:until|while)\s(.*?)[;\s]done(?=$|[\s;&)|])", re.DOTALL)
_COUNTED = re.compile(r"\$\(\(|\blet\b|\bexpr\b|-(?:lt|le|gt|ge)\b|\bbreak\b|\bexit\b|\bSECONDS\b|\bread\b|\bseq\b")


def find(world: World) -> Iterator[Finding]:
    """Every loop of an init container, or of a Job that migrates, with nothing in it that counts."""
    for workload in world.workloads:
        for container in workload.containers():
            said = shell.inner(container.words)
            if said is None or "timeout" in container.words[0] or not (container.init or world.migrations_of(workload)):
                continue
            field = "args" if container.root.get("args") else "command"
            for loop in _LOOP.finditer(said[1]):
                body = " ".join(loop[0].split())
                outside = "timeout" in said[1][: loop.start()]
                if "sleep" in body and not outside and not _COUNTED.search(body):
                    shown = body if len(body) < 60 else body[:57] + "..."
                    yield at(RULE, container, field, message=f"{shown!r} has no limit")
