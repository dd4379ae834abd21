"""What is to be shown, the same for all reporters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.settings.secret import mask
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockmaster.manifests.check.model import Finding
    from lockmaster.manifests.check.run import Report


class Shown(NamedTuple):
    """The findings that are loud enough, and what they were found in."""

    findings: list[Finding]
    report: Report
    streams: int
    rules: int
    mended: Sequence[Finding] = ()
    secrets: Sequence[str] = ()

    def count(self, severity: str) -> int:
        """How many are of this severity."""
        return sum(one.severity == severity for one in self.findings)

    def hidden(self, text: str) -> str:
        """The text without the passwords that the manifests hold."""
        return mask(text, *self.secrets)


def where(finding: Finding) -> tuple[int, int]:
    """Line and column, from 1; 0 for what does not stand in a file."""
    item = finding.object
    return item.document.mark((*item.path, *finding.path))


def dotted(finding: Finding) -> str:
    """`spec.template.spec.containers[0].image`."""
    text = ""
    for step in finding.path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")
