"""Findings as SARIF 2.1.0, for code scanning."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from lockmaster.cli.findings.shown import dotted, where
from lockmaster.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lockmaster.cli.findings.shown import Shown
    from lockmaster.manifests.check.model import Finding, Rule

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(shown: Shown, rules: Sequence[Rule]) -> str:
    """One log with one run; `rules` are all that were looked for."""
    numbers = {rule.id: number for number, rule in enumerate(rules)}
    driver = {
        "name": "lockmaster kube check",
        "semanticVersion": VERSION,
        "rules": [_rule(rule) for rule in rules],
    }
    results = [_result(one, numbers[one.rule.id]) for one in shown.findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": f"{rule.effect}."},
        "help": {"text": f"{rule.help}. More: lockmaster kube check --explain {rule.id}."},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Finding, number: int) -> dict[str, Any]:
    item = finding.object
    # the place that stays when lines move: what tells a known finding from a new one
    key = f"{finding.rule.id} {item.kind} {item.namespace} {item.name} {dotted(finding)}"
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": number,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{item.title}: {finding.message}"},
        "locations": [_location(finding)],
        "partialFingerprints": {"object/v1": hashlib.sha256(key.encode()).hexdigest()},
    }


def _location(finding: Finding) -> dict[str, Any]:
    item = finding.object
    name = ".".join(filter(None, [item.kind, item.namespace, item.name])) or "object"
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": f"{name}/{dotted(finding)}", "kind": "object"}]
    }
    line, column = where(finding)
    if line:
        place = {"artifactLocation": {"uri": _uri(item.document.name)}}
        location["physicalLocation"] = place | {"region": {"startLine": line, "startColumn": column}}
    return location


def _uri(name: str) -> str:
    """A file's name as a relative reference, where it can be one: viewers look for it in the repository."""
    if os.path.isabs(name):
        below = os.path.relpath(name)
        return quote(below) if not below.startswith("..") else f"file://{quote(name)}"
    return quote(os.path.normpath(name))
