"""Fix what can be fixed without changing what a manifest does that works: in place, comments kept."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from lockmaster.manifests.check import rules
from lockmaster.manifests.objects import dig
from lockmaster.manifests.stream import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lockmaster.manifests.check.model import Finding, Rule


def fixable(finding: Finding) -> bool:
    """Whether its rule knows what to do, and this one has what it takes."""
    return _fix_of(finding.rule) is not None and (finding.rule.id != "selector" or bool(finding.wanted))


def mend(findings: Iterable[Finding]) -> list[Finding]:
    """Fix them in their documents, as far as that can be done; those that are fixed."""
    mended = [finding for finding in findings if fixable(finding)]
    documents = {id(finding.object.document): finding.object.document for finding in mended}
    for key, document in documents.items():
        root = plain(document.root)
        for finding in mended:
            fix = _fix_of(finding.rule)
            if id(finding.object.document) == key and fix is not None:
                fix(dig(root, finding.object.path), finding)
        document.become(root)
    return mended


def put(mapping: dict[str, Any], key: str, value: Any, *, before: str) -> None:
    """Set a key; a new one comes before another."""
    if key in mapping:
        mapping[key] = value
        return
    items = list(mapping.items())
    at = next((number for number, (name, _) in enumerate(items) if name == before), len(items))
    mapping.clear()
    mapping.update([*items[:at], (key, value), *items[at:]])


def _fix_of(rule: Rule) -> Callable[[Any, Finding], None] | None:
    module = importlib.import_module(f"{rules.__name__}.{rule.id.replace('-', '_')}")
    return getattr(module, "fix", None)
