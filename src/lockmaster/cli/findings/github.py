"""Findings as commands of a GitHub workflow, which shows them at their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.cli.escape import one_line
from lockmaster.cli.findings.shown import where

if TYPE_CHECKING:
    from lockmaster.cli.findings.shown import Shown
    from lockmaster.manifests.check.model import Finding

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def render(shown: Shown) -> str:
    """One command for each finding, and how many there are."""
    lines = [_command(one) for one in shown.findings]
    counts = ", ".join(f"{shown.count(one)} {one}" for one in _COMMANDS)
    return "\n".join([*lines, f"lockmaster kube check: {counts}"])


def _command(finding: Finding) -> str:
    line, column = where(finding)
    properties = {"title": finding.rule.id}
    if line:
        properties = {"file": finding.object.document.name, "line": str(line), "col": str(column), **properties}
    joined = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    lines = (
        f"{finding.object.title}: {finding.message}",
        finding.rule.help,
        f"lockmaster kube check --explain {finding.rule.id}",
    )
    return f"::{_COMMANDS[finding.severity]} {joined}::{'%0A'.join(map(_data, lines))}"


def _data(text: str) -> str:
    return one_line(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
