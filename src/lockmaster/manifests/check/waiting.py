"""Commands that wait for something, or only look: gates, not migrations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.manifests.check import shell
from lockmaster.manifests.check.bare import bare
from lockmaster.manifests.check.said import words
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from lockmaster.manifests.check.bare import Bare
    from lockmaster.manifests.objects import Container

_WAITS = re.compile(
    r"^(?:lockmaster (?:gate|wait|status)\b|kubectl\b.* (?:wait|get)\b|wait[-_]\S*|dockerize\b|wait4x\b|pg_isready\b|nc\b"
    r"|sleep\b|until\b|airflow db check|dbmate\b.* wait\b|k8s-wait-for\S*|mysqladmin\b.* ping\b)"
    r"|\b(?:--check|check-migrations|migrate:status|migrate status|db:abort_if_pending_migrations)\b"
)
_JOB = re.compile(
    r"(?:\bkubectl\b[^;|&\n]*?\s|\bwait_for\.sh\s+|k8s-wait-for\S*\s+)jobs?(?:\.batch|-w[er])?[/ ]\s*[\"']?([\w${}.-]+)|kube://job/([\w.-]+)"
)


class Wait(NamedTuple):
    """A container that waits for a Job."""

    container: Container
    job: str
    command: str

    @property
    def forgiving(self) -> bool:
        """Whether a Job that is no more counts as complete."""
        return "gone=complete" in self.command or "--ignore-not-found" in self.command


def waits(command: Bare) -> bool:
    """Whether a command waits or looks."""
    return bool(_WAITS.search(command.text))


def gated(container: Container) -> bool:
    """Whether an init container waits for something: by its command, or at least by its name."""
    found = shell.read(words(container)).commands
    by_name = re.search(r"wait|gate|check-?migrat|migrations?-?(?:check|ready)|ready", container.name)
    return container.init and (bool(by_name) or any(waits(bare(command.words)) for command in found))


def job_waited_for(container: Container) -> Wait | None:
    """The Job that a container waits for, through the API server."""
    said = words(container)
    if "k8s-wait-for" in str(container.root.get("image")) and "k8s-wait-for" not in " ".join(said):
        said = ["wait_for.sh", *said]
    text = " ".join(said)
    found = _JOB.search(text)
    if not found:
        return None
    return Wait(container, found[1] or found[2], text)
