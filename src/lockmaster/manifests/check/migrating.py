"""Which containers migrate, with what, and how: by their command, their image, and at last by their name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lockmaster.manifests.check import shell
from lockmaster.manifests.check.bare import Bare, bare, flag, seconds
from lockmaster.manifests.check.said import variables, words
from lockmaster.manifests.check.tools import HIDDEN, Tool, named_so, tool_of
from lockmaster.manifests.check.waiting import waits
from lockmaster.manifests.objects import Container, Workload, listed
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

Role = Literal["init", "sidecar", "job", "app"]


class Migration(NamedTuple):
    """A container that migrates. `number` is that of the command in its script, -1 where only its name says so."""

    container: Container
    tool: Tool
    script: shell.Script
    number: int
    bare: Bare

    @property
    def workload(self) -> Workload:
        """The object whose pods it is in."""
        return self.container.workload

    @property
    def role(self) -> Role:
        """init: before the pod's containers; job: the pod is there for it; app: in a container that goes on."""
        if self.container.sidecar:
            return "sidecar"
        if self.container.init:
            return "init"
        return "job" if ends(self.workload) else "app"

    @property
    def command(self) -> str:
        """What is run, for people."""
        return self.bare.text or f"container {self.container.name}"

    @property
    def ours(self) -> bool:
        """Whether Lockmaster runs it, by itself or by `exec`."""
        return self.bare.locked or self.tool.lock == "turn"

    @property
    def limit(self) -> float | None:
        """Seconds after which it ends by itself; None for never."""
        if self.bare.limit is not None or not self.ours:
            return self.bare.limit
        words = self.script.commands[self.number].words if self.number >= 0 else ()
        return seconds(flag(words, "--deadline") or variables(self.container).get("LOCKMASTER_DEADLINE", ""))


def migrations(workloads: Iterable[Workload]) -> list[Migration]:
    """All containers that migrate, in order."""
    found = (of(container) for workload in workloads for container in workload.containers())
    return [one for one in found if one]


def of(container: Container) -> Migration | None:
    """What the container migrates with; None where it does not, as far as can be seen."""
    script = shell.read(words(container))
    for number, command in enumerate(script.commands):
        what = bare(command.words)
        if (within := shell.inner(what.words)) is not None:  # lockmaster exec -- sh -c '...'
            what = _within(what, within[1])
        if tool := tool_of(what.text):
            return Migration(container, tool, script, number, what)
    if _says_so(container) and not _only_waits(script):
        return Migration(container, HIDDEN, script, -1, Bare(()))
    return None


def ends(workload: Workload) -> bool:
    """Whether its pods are there to end: those of Jobs, and pods that are not restarted."""
    if workload.object.kind in ("Job", "CronJob"):
        return True
    return workload.object.kind == "Pod" and workload.spec.get("restartPolicy") in ("Never", "OnFailure")


def _within(what: Bare, script: str) -> Bare:
    for command in shell.read(["sh", "-c", script]).commands:
        inside = bare(command.words)
        if tool_of(inside.text):
            return inside._replace(locked=what.locked or inside.locked, limit=inside.limit or what.limit)
    return what


def _says_so(container: Container) -> bool:
    """Whether its name does; or, where it is the only one of a Job, the Job's."""
    if container.sidecar or not (container.init or ends(container.workload)):
        return False
    if named_so(container.name):
        return True
    alone = container.workload.object.kind == "Job" and len(listed(container.workload.spec.get("containers"))) == 1
    return alone and container.field == "containers" and named_so(container.workload.object.name)


def _only_waits(script: shell.Script) -> bool:
    return bool(script.commands) and any(waits(bare(command.words)) for command in script.commands)
