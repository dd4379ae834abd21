"""What a rule is, what it sees, and what it says."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

from lockmaster.manifests.check.migrating import Migration, migrations
from lockmaster.manifests.objects import Object, Workload, listed, mapping, objects, workloads
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lockmaster.manifests.objects import Container
    from lockmaster.manifests.stream import Stream

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


class Rule(NamedTuple):
    """One rule. `id` is its name in reports and the name of its page; `title` says what is wrong, in one line."""

    id: str
    severity: Severity
    title: str
    effect: str  # what happens then
    help: str  # what to do instead

    @property
    def page(self) -> str:
        """Where it is told at length, in Lockmaster's documentation."""
        return f"docs/kubernetes/rules/{self.id}.md"


class Finding(NamedTuple):
    """One place where a rule is broken. It may be less certain, and so less severe, than the rule."""

    rule: Rule
    object: Object
    path: tuple[str | int, ...]  # from the object's root
    message: str
    less: Severity | None = None
    wanted: Any = None  # the right value, where there is one

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.less or self.rule.severity

    @property
    def place(self) -> str:
        """`deploy.yaml:12`."""
        return self.object.place(*self.path)


class World:
    """All manifests that are looked at together."""

    def __init__(self, streams: Sequence[Stream], *, live: bool = False) -> None:
        """The objects of these streams, as if they were applied to one cluster; `live`: as they are in one."""
        self.objects: list[Object] = list(objects(streams))
        self.live = live

    @cached_property
    def workloads(self) -> list[Workload]:
        """Those that make pods."""
        return workloads(self.objects)

    @cached_property
    def migrations(self) -> list[Migration]:
        """The containers that migrate."""
        return migrations(self.workloads)

    def migrations_of(self, workload: Workload) -> list[Migration]:
        """Those of its containers that migrate."""
        return [one for one in self.migrations if one.workload is workload]

    @property
    def migrating(self) -> Iterator[Workload]:
        """The workloads that have a container that migrates."""
        return (workload for workload in self.workloads if self.migrations_of(workload))

    def kind(self, *kinds: str) -> Iterator[Object]:
        """The objects of some kinds."""
        return (item for item in self.objects if item.kind in kinds)


class Check(Protocol):
    """What a module of `rules` has; some also `fix(root, finding)`, which mends the object in place."""

    RULE: Rule

    def find(self, world: World) -> Iterator[Finding]:
        """Everything that breaks the rule."""
        ...


def at(rule: Rule, container: Container, *path: str | int, message: str, less: Severity | None = None) -> Finding:
    """A finding in a container."""
    return Finding(rule, container.workload.object, (*container.path, *path), message, less)


def same_namespace(one: Object, other: Object) -> bool:
    """Whether they are, or may be, in the same namespace."""
    return not one.namespace or not other.namespace or one.namespace == other.namespace


def env_path(container: Container, name: str) -> tuple[Any, ...]:
    """The path, from the container, of a variable."""
    for number, one in enumerate(listed(container.root.get("env"))):
        if mapping(one).get("name") == name:
            return ("env", number)
    return ("env",)
