"""The Kubernetes objects of streams, and the pods in them: any kind with a pod template, known to us or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lockmaster.errors import UsageError
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lockmaster.manifests.stream import Document, Stream

Path = tuple[str | int, ...]


class Object(NamedTuple):
    """One object: a document, or an item of a List in one. `root` is the document's own and may be changed there."""

    document: Document
    path: Path
    root: Any

    @property
    def kind(self) -> str:
        """`Deployment`; empty where there is none."""
        return text(self.root.get("kind"))

    @property
    def group(self) -> str:
        """`apps`; empty for the core group."""
        return text(self.root.get("apiVersion")).rpartition("/")[0]

    @property
    def name(self) -> str:
        """The object's name, or the beginning of it where the server makes one."""
        metadata = mapping(self.root.get("metadata"))
        return text(metadata.get("name") or metadata.get("generateName"))

    @property
    def namespace(self) -> str:
        """The namespace that is written there; empty where it is left to who applies it."""
        return text(mapping(self.root.get("metadata")).get("namespace"))

    @property
    def title(self) -> str:
        """`Deployment web`."""
        return f"{self.kind or 'object'} {self.name}".rstrip()

    def at(self, *path: str | int) -> Any:
        """The value at a path, None where there is none."""
        return dig(self.root, path)

    def place(self, *path: str | int) -> str:
        """`deploy.yaml:12`."""
        return self.document.place((*self.path, *path))

    def line(self, *path: str | int) -> int:
        """The line, from 1."""
        return self.document.line((*self.path, *path))

    def annotation(self, name: str) -> str:
        """The text of an annotation; empty where there is none."""
        return text(mapping(mapping(self.root.get("metadata")).get("annotations")).get(name))


class Workload(NamedTuple):
    """An object that makes pods. `where` is the path from its root to the pod template (a Pod: to itself)."""

    object: Object
    where: Path

    @property
    def template(self) -> Any:
        """Metadata and spec of its pods."""
        return dig(self.object.root, self.where)

    @property
    def spec(self) -> Any:
        """The pod's spec."""
        return self.template["spec"]

    @property
    def spec_path(self) -> Path:
        """The path from the object's root to the pod's spec."""
        return (*self.where, "spec")

    def containers(self) -> Iterator[Container]:
        """Its init containers in order, then its containers."""
        for field in ("initContainers", "containers"):
            for index, container in enumerate(listed(self.spec.get(field))):
                if isinstance(container, dict):
                    yield Container(self, field, index, container)


class Container(NamedTuple):
    """One container of a workload."""

    workload: Workload
    field: str  # initContainers, containers
    number: int  # from 0, among those of the same field
    root: Any

    @property
    def name(self) -> str:
        """Its name; empty where none is written."""
        return text(self.root.get("name"))

    @property
    def init(self) -> bool:
        """Whether it has to end before the pod's containers start. A native sidecar has not."""
        return self.field == "initContainers" and not self.sidecar

    @property
    def sidecar(self) -> bool:
        """Whether it is a native sidecar: an init container that goes on."""
        return self.field == "initContainers" and self.root.get("restartPolicy") == "Always"

    @property
    def path(self) -> Path:
        """The path from the object's root."""
        return (*self.workload.spec_path, self.field, self.number)

    @property
    def words(self) -> list[str]:
        """Command and arguments, as they are written."""
        return [text(word) for field in ("command", "args") for word in listed(self.root.get(field))]

    def place(self, *path: str | int) -> str:
        """`deploy.yaml:12`."""
        return self.workload.object.place(*self.path, *path)


def objects(streams: Iterable[Stream]) -> Iterator[Object]:
    """All objects, in order, those in Lists too. Raises UsageError for a document that cannot be one."""
    for stream in streams:
        for document in stream.documents:
            if document.root is not None:
                yield from _opened(Object(document, (), document.root))


def workload(item: Object) -> Workload | None:
    """The pods of an object: of a Pod, a CronJob, or anything with `spec.template.spec.containers`; else None."""
    if item.kind == "Pod" and not item.group:
        where: Path = ()
    elif item.kind == "CronJob":
        where = ("spec", "jobTemplate", "spec", "template")
    else:
        where = ("spec", "template")
    spec = item.at(*where, "spec")
    return Workload(item, where) if isinstance(spec, dict) and listed(spec.get("containers")) else None


def workloads(items: Iterable[Object]) -> list[Workload]:
    """Those of them that make pods."""
    return [found for item in items if (found := workload(item))]


def dig(value: Any, path: Iterable[str | int]) -> Any:
    """The value at a path, None where there is none."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def mapping(value: Any) -> Any:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """A scalar as text; empty for nothing."""
    return "" if value is None else str(value)


def _opened(item: Object) -> Iterator[Object]:
    if not isinstance(item.root, dict):
        raise UsageError(
            f"{item.place()}: not a Kubernetes object",
            hint="a manifest is a mapping with apiVersion, kind and metadata",
        )
    if item.kind.endswith("List") and isinstance(item.root.get("items"), list):
        for index, root in enumerate(item.root["items"]):
            yield from _opened(Object(item.document, (*item.path, "items", index), root))
    else:
        yield item
