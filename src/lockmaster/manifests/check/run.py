"""Run the rules: all of them, or those that are asked for, without what the manifests themselves have let pass."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, cast

from lockmaster.errors import UsageError
from lockmaster.manifests.check import rules
from lockmaster.manifests.check.mend import fixable
from lockmaster.manifests.check.model import SEVERITIES, Check, Finding, Rule, World
from lockmaster.manifests.names import PREFIX
from lockmaster.manifests.objects import mapping, text, workload
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lockmaster.manifests.objects import Object
    from lockmaster.manifests.stream import Stream

IGNORE = f"{PREFIX}ignore"  # an annotation: rules that are not for this object, separated by commas


class Report(NamedTuple):
    """What was found, in the order in which it stands there."""

    findings: list[Finding]
    world: World
    passed: int  # findings that an annotation let pass
    strange: list[tuple[str, str]]  # annotations that name no rule: place and name


def checks(only: Iterable[str] = (), ignore: Iterable[str] = ()) -> list[Check]:
    """The rules by name: all, or only some, without some. Raises UsageError for a name that is none."""
    names = sorted(module.name for module in pkgutil.iter_modules(rules.__path__))
    found = {name.replace("_", "-"): name for name in names}
    wanted, unwanted = _known(only, found), _known(ignore, found)
    chosen = [found[name] for name in sorted(found) if (not wanted or name in wanted) and name not in unwanted]
    if not chosen:
        raise UsageError("no rule is left", hint="lockmaster kube check --list")
    return [cast("Check", importlib.import_module(f"{rules.__name__}.{name}")) for name in chosen]


def rule(name: str) -> tuple[Rule, bool]:
    """A rule, and whether it can be fixed. Raises UsageError for a name that is none."""
    (check,) = checks((name,))
    return check.RULE, hasattr(check, "fix")


def examine(streams: Sequence[Stream], chosen: Sequence[Check] | None = None, *, live: bool = False) -> Report:
    """What the rules find in these manifests."""
    world = World(streams, live=live)
    chosen = checks() if chosen is None else chosen
    findings = _distinct(one for check in chosen for one in check.find(world))
    kept = [one for one in findings if one.rule.id not in _let_pass(one.object)]
    order = {id(item.document): number for number, item in enumerate(world.objects)}
    kept.sort(
        key=lambda one: (order[id(one.object.document)], *_place(one), SEVERITIES.index(one.severity), one.rule.id)
    )
    return Report(kept, world, len(findings) - len(kept), list(_strange(world)))


def _place(finding: Finding) -> tuple[int, str]:
    """Where it stands; of an object that stands nowhere, the path in it."""
    line = finding.object.line(*finding.path)
    return line, "" if line else str(finding.path)


def _distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Each once: two migrations in one object may break the same rule at the same place, and aliases share a place."""
    known: dict[tuple[object, ...], Finding] = {}
    for one in findings:
        known.setdefault((one.rule.id, id(one.object.root), _spot(one), one.message), one)
    return list(known.values())


def _spot(finding: Finding) -> object:
    """Line and column; where each is mended by itself, or stands nowhere, the path."""
    if fixable(finding) or not finding.object.line(*finding.path):
        return finding.path
    return finding.object.document.mark((*finding.object.path, *finding.path))


def _known(names: Iterable[str], found: Iterable[str]) -> set[str]:
    wanted = {part.strip() for name in names for part in name.split(",") if part.strip()}
    for name in sorted(wanted - set(found)):
        from lockmaster.settings.suggest import did_you_mean

        hint = did_you_mean(name, found) or "lockmaster kube check --list"
        raise UsageError(f"there is no rule {name!r}", hint=hint)
    return wanted


def _let_pass(item: Object) -> set[str]:
    """The rules that an annotation of the object, or of its pod template, lets pass."""
    values = [item.annotation(IGNORE)]
    if found := workload(item):
        metadata = mapping(found.template.get("metadata"))
        values.append(text(mapping(metadata.get("annotations")).get(IGNORE)))
    return {part.strip() for value in values for part in value.split(",") if part.strip()}


def _strange(world: World) -> Iterable[tuple[str, str]]:
    known = {module.name.replace("_", "-") for module in pkgutil.iter_modules(rules.__path__)}
    for item in world.objects:
        for name in sorted(_let_pass(item) - known):
            yield item.place("metadata", "annotations", IGNORE), name
