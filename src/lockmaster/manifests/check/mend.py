"""Fix what can be fixed without changing what a manifest does that works: in place, comments kept."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from lockmaster.manifests.check import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lockmaster.manifests.check.model import Finding, Rule


def fixable(finding: Finding) -> bool:
    """Whether its rule knows what to do, and this one has what it takes."""
    return _fix_of(finding.rule) is not None and (finding.rule.id != "selector" or bool(finding.wanted))


def mend(findings: Iterable[Finding]) -> list[Finding]:
    """Fix them in their documents, as far as that can be done; those that are fixed."""
    mended = [finding for finding in findings if fixable(finding)]
    for finding in mended:
        fix = _fix_of(finding.rule)
        if fix is not None:
            fix(finding.object.root, finding)
            finding.object.document.touch()
    return mended


def put(mapping: Any, key: str, value: Any, *, before: str) -> None:
    """Set a key; a new one comes before another, where the mapping keeps an order."""
    if key not in mapping and hasattr(mapping, "insert"):
        mapping.insert(list(mapping).index(before), key, value)
    else:
        mapping[key] = value


def _fix_of(rule: Rule) -> Callable[[Any, Finding], None] | None:
    module = importlib.import_module(f"{rules.__name__}.{rule.id.replace('-', '_')}")
    return getattr(module, "fix", None)
