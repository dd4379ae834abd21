"""The rules themselves: all in a table, or one in full."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from lockmaster.manifests.check.run import rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lockmaster.manifests.check.model import Rule


def listing(rules: Iterable[Rule]) -> str:
    """A line for each."""
    rows = [(one.id, one.severity, one.title) for one in rules]
    width = max(len(name) for name, _, _ in rows)
    return "\n".join(f"{name:{width}}  {severity:7}  {title}" for name, severity, title in rows)


def explanation(name: str) -> str:
    """What a rule is about. Raises UsageError for a name that is none."""
    found, can_fix = rule(name)
    parts = [
        f"{found.id} ({found.severity}): {found.title}",
        fill(f"What happens: {found.effect}.", 100, break_on_hyphens=False),
        fill(f"What to do: {found.help}.", 100, break_on_hyphens=False),
        *(["--fix mends it."] if can_fix else []),
        f"To let it pass for one object: the annotation lockmaster.dev/ignore: {found.id}\nIts page: {found.page}",
    ]
    return "\n\n".join(parts)
