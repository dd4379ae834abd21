"""Run all rules."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, cast

from lockmaster.manifests.check import rules
from lockmaster.manifests.check.model import Check, Finding, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockmaster.manifests.stream import Stream


def checks() -> list[Check]:
    """All rules, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(rules.__path__))
    return [cast("Check", importlib.import_module(f"{rules.__name__}.{name}")) for name in names]


def check(streams: Sequence[Stream]) -> list[Finding]:
    """What all rules find in these manifests, in the order in which it stands there."""
    world = World(streams)
    found = [finding for rule in checks() for finding in rule.find(world)]
    order = {id(item.document): number for number, item in enumerate(world.objects)}
    return sorted(found, key=lambda one: (order[id(one.object.document)], one.object.line(*one.path), one.rule.id))
