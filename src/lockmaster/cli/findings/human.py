"""Findings for people: by file, each with the line that it is about; what to do is said once per rule."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from lockmaster.cli.escape import one_line
from lockmaster.cli.findings.shown import dotted, where
from lockmaster.manifests.check.mend import fixable
from lockmaster.manifests.check.model import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.cli.findings.shown import Shown
    from lockmaster.manifests.check.model import Finding

_COLORS = {"error": "31;1", "warning": "33", "info": "36", "dim": "2", "bold": "1"}
_VALUE = re.compile(r"(value:\s*)\S.*")


def render(shown: Shown, *, color: bool = False) -> str:
    """The whole report."""
    return "\n".join(_lines(shown, _Paint(on=color)))


class _Paint:
    def __init__(self, *, on: bool) -> None:
        self._on = on

    def __call__(self, kind: str, text: str) -> str:
        return f"\x1b[{_COLORS[kind]}m{text}\x1b[0m" if self._on else text


def _lines(shown: Shown, paint: _Paint) -> Iterator[str]:
    told: set[str] = set()
    for name, of_object in groupby(shown.findings, key=lambda one: (one.object.document.name, one.object.title)):
        yield paint("bold", one_line(f"{name[0]}: {name[1]}" if shown.streams else name[0]))
        for _, of_line in groupby(of_object, key=_headline):
            findings = list(of_line)
            yield shown.hidden(paint("dim", f"  {_headline(findings[0])}"))
            for finding in findings:
                severity = paint(finding.severity, f"{finding.severity}:")
                yield f"    {severity} {one_line(finding.message)} [{finding.rule.id}]"
                if finding.rule.id not in told:
                    yield paint("dim", f"      {finding.rule.help}")
                    told.add(finding.rule.id)
        yield ""
    yield from _end(shown)


def _headline(finding: Finding) -> str:
    """The place with what stands there: `deploy.yaml:12:  - name: migrate`; of a cluster's object, the path in it."""
    line, _ = where(finding)
    if not line:
        return one_line(dotted(finding))
    source = finding.object.document.source(line).rstrip()
    if finding.rule.id == "plain-password":
        source = _VALUE.sub(r"\1***", source)
    return one_line(f"{finding.place}: {source}")


def _end(shown: Shown) -> Iterator[str]:
    if shown.mended:
        yield f"mended: {', '.join(sorted({one.rule.id for one in shown.mended}))}"
    objects, passed = len(shown.report.world.objects), shown.report.passed
    looked = (
        f"{_many(objects, 'object')} in {_many(shown.streams, 'file')}" if shown.streams else _many(objects, "object")
    )
    let_pass = f", {passed} let pass by an annotation" if passed else ""
    if not shown.findings:
        yield f"nothing found: {looked}, {_many(shown.rules, 'rule')}{let_pass}"
        return
    counts = ", ".join(_many(shown.count(one), one) for one in SEVERITIES if shown.count(one))
    yield f"{counts}: {looked}{let_pass}"
    able = sum(map(fixable, shown.findings))
    if able and shown.streams:
        yield f"{able} of them can be mended: --fix, --diff shows how"
    worst = min(shown.findings, key=lambda one: SEVERITIES.index(one.severity))
    yield f"more on a rule: lockmaster kube check --explain {worst.rule.id}"


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 or word == 'info' else 's'}"
