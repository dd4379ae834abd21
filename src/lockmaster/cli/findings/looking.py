"""One look at manifests: what the rules find, what was mended, and what must not be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.cli.findings import mending
from lockmaster.manifests.check.mend import mend as mend_findings
from lockmaster.manifests.check.model import SEVERITIES
from lockmaster.manifests.check.passwords import secrets
from lockmaster.manifests.check.run import Report, examine
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockmaster.cli.findings.asked import Wishes
    from lockmaster.manifests.check.model import Check, Finding
    from lockmaster.manifests.stream import Stream


class Looked(NamedTuple):
    """What came of it. `diff` is what was mended, or would be."""

    report: Report
    streams: Sequence[Stream]
    chosen: Sequence[Check]
    secrets: Sequence[str]
    mended: Sequence[Finding] = ()
    diff: str = ""

    @property
    def notes(self) -> list[tuple[str, str]]:
        """What is wrong with the annotations: a fact with its hint, each."""
        return [
            (f"{place}: there is no rule {name!r} to ignore", "lockmaster kube check --list")
            for place, name in self.report.strange
        ]


def look(streams: Sequence[Stream], chosen: Sequence[Check], *, live: bool = False) -> Looked:
    """Only look."""
    report = examine(streams, chosen, live=live)
    return Looked(report, streams, chosen, secrets(report.world.workloads))


def mend(streams: Sequence[Stream], chosen: Sequence[Check], wishes: Wishes) -> Looked:
    """Look, mend, and with --fix write; then what is left. Raises UsageError where a file cannot be written."""
    before = look(streams, chosen)
    texts = [stream.text for stream in streams]
    mended = mend_findings(before.report.findings)
    changed = [stream for stream, text in zip(streams, texts, strict=True) if stream.text != text]
    diff = "".join(mending.difference(text, stream) for stream, text in zip(streams, texts, strict=True))
    if wishes.fix:
        for stream in changed:
            if stream.name != "stdin":
                mending.write(stream)
        left = look(mending.again(streams), chosen)
        return left._replace(mended=mended, diff=diff, secrets=before.secrets)
    return before._replace(diff=diff)


def at_least(findings: Sequence[Finding], severity: str) -> list[Finding]:
    """Those that are as bad as this, or worse. `never` is worse than all."""
    loud = SEVERITIES[: SEVERITIES.index(severity) + 1] if severity in SEVERITIES else ()
    return [one for one in findings if one.severity in loud]
