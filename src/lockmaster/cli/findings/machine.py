"""Findings as JSON, for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lockmaster.cli.findings.shown import dotted, where
from lockmaster.manifests.check.mend import fixable
from lockmaster.manifests.check.model import SEVERITIES

if TYPE_CHECKING:
    from typing import Any

    from lockmaster.cli.findings.shown import Shown
    from lockmaster.manifests.check.model import Finding


def render(shown: Shown) -> str:
    """One JSON object."""
    summary: dict[str, int] = {severity: shown.count(severity) for severity in SEVERITIES}
    summary |= {"objects": len(shown.report.world.objects), "passed": shown.report.passed, "mended": len(shown.mended)}
    findings = [_finding(one) for one in shown.findings]
    return json.dumps({"version": 1, "findings": findings, "summary": summary}, indent=2)


def _finding(finding: Finding) -> dict[str, Any]:
    line, column = where(finding)
    item, rule = finding.object, finding.rule
    return {
        "rule": rule.id,
        "severity": finding.severity,
        "message": finding.message,
        "effect": rule.effect,
        "help": rule.help,
        "page": rule.page,
        "file": item.document.name if line else None,
        "line": line or None,
        "column": column or None,
        "object": {"kind": item.kind, "name": item.name, "namespace": item.namespace or None},
        "path": dotted(finding),
        "fixable": fixable(finding),
    }
