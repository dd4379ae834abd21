"""What a rule is, what it sees, and what it says."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

from lockmaster.manifests.objects import Object, Workload, objects, workloads
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lockmaster.manifests.stream import Stream

Severity = Literal["error", "warning", "info"]


class Rule(NamedTuple):
    """One rule. `id` is its name in reports and the name of its page; `title` says what is wrong, in one line."""

    id: str
    severity: Severity
    title: str
    effect: str  # what happens then
    help: str  # what to do instead


class Finding(NamedTuple):
    """One place where a rule is broken."""

    rule: Rule
    object: Object
    path: tuple[str | int, ...]  # from the object's root
    message: str

    @property
    def place(self) -> str:
        """`deploy.yaml:12`."""
        return self.object.place(*self.path)


class World:
    """All manifests that are looked at together."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        """The objects of these streams, as if they were applied to one cluster."""
        self.objects: list[Object] = list(objects(streams))

    @cached_property
    def workloads(self) -> list[Workload]:
        """Those that make pods."""
        return workloads(self.objects)


class Check(Protocol):
    """What a module of `rules` has."""

    RULE: Rule

    def find(self, world: World) -> Iterator[Finding]:
        """Everything that breaks the rule."""
        ...
