"""What was injected, written beside it, so that it can be taken out or brought up to date, and never by guess.

The record is an annotation of the object. It holds names, and of a container that was changed what stood there before;
nothing that the manifest did not hold already.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lockmaster.errors import UsageError
from lockmaster.manifests import names
from lockmaster.manifests.objects import listed, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lockmaster.manifests.objects import Container, Workload

INJECTED = f"{names.PREFIX}injected"  # the record
INJECT = f"{names.PREFIX}inject"  # "true" or "false": a person's word on this workload
CONFIG_MAP = "configMap"  # in a record: the ConfigMap that was made for it
_AGAIN = "put back what was there by hand, and remove the annotation {}"


class Edit:
    """Changes of one workload, in its plain data, each of them written down."""

    def __init__(self, workload: Workload, mode: str) -> None:
        self.workload = workload
        self.record: dict[str, Any] = {"mode": mode}

    def init(self, container: dict[str, Any], at: int) -> None:
        """One more init container, at a number."""
        place = self.workload.object.place(*self.workload.spec_path)
        _refuse_same_mount(place, container["name"], [], container.get("volumeMounts", []))
        self._refuse(container["name"], (one.name for one in self.workload.containers()), "container", "initContainers")
        self._holder("initContainers", before="containers").insert(at, container)
        self.record.setdefault("init", []).append(container["name"])

    def volume(self, volume: dict[str, Any]) -> None:
        """One more volume."""
        there = (text(mapping(one).get("name")) for one in listed(self.workload.spec.get("volumes")))
        self._refuse(volume["name"], there, "volume", "volumes")
        self._holder("volumes").append(volume)
        self.record.setdefault("volumes", []).append(volume["name"])

    def of(self, container: Container) -> ContainerEdit:
        """Changes of a container that was there."""
        noted = {"in": container.field, "name": container.name}
        self.record["container"] = noted
        return ContainerEdit(container.root, noted, container.place("volumeMounts"))

    def finish(self) -> None:
        """Write the record down."""
        root = self.workload.object.root
        holder = root["metadata"].get("annotations")
        if not holder:
            self.record["annotations"] = (
                "new" if "annotations" not in root["metadata"] else "none" if holder is None else "empty"
            )
            root["metadata"]["annotations"] = holder = {}
        holder[INJECTED] = json.dumps(self.record, separators=(",", ":"), ensure_ascii=False)

    def _holder(self, field: str, before: str = "") -> list[Any]:
        spec = self.workload.spec
        if not spec.get(field):
            self.record.setdefault("made", {})[field] = (
                "new" if field not in spec else "none" if spec[field] is None else "empty"
            )
            if field in spec:
                spec[field] = []
            else:
                _put(spec, field, [], list(spec).index(before) if before else len(spec))
        holder: list[Any] = spec[field]
        return holder

    def _refuse(self, name: str, there: Iterable[str], what: str, field: str) -> None:
        if name in there:
            place = self.workload.object.place(*self.workload.spec_path, field)
            hint = "rename it: this name is for what Lockmaster puts there"
            raise UsageError(f"{place}: there is a {what} {name} that is not of Lockmaster's making", hint=hint)


class ContainerEdit:
    """Changes of one container, each of them written down."""

    def __init__(self, root: dict[str, Any], noted: dict[str, Any], place: str) -> None:
        """`place` is where its mounts stand, for errors."""
        self.root, self.noted, self.place = root, noted, place

    def put(self, field: str, value: Any) -> None:
        """Another value for a field; None takes it away."""
        if self.root.get(field) == value:
            return
        if field in self.root:
            self.noted.setdefault("was", {})[field] = [list(self.root).index(field), self.root[field]]
        else:
            self.noted.setdefault("new", []).append(field)
        if value is None:
            del self.root[field]
        else:
            self.root[field] = value

    def words(self, words: list[str], command: list[str]) -> None:
        """Words in front of its command; of the one that is given here where it has none."""
        if not listed(self.root.get("command")):
            self.put("command", [*words, *command])
            return
        self.noted["words"] = words
        self.root["command"][:0] = words

    def add(self, field: str, items: list[Any]) -> None:
        """More items of a list: env, envFrom, volumeMounts."""
        if not items:
            return
        if field == "volumeMounts":
            _refuse_same_mount(self.place, text(self.root.get("name")), listed(self.root.get(field)), items)
        if not self.root.get(field):
            self.put(field, list(items))
            return
        self.noted.setdefault("more", {})[field] = [_label(item) for item in items]
        self.root[field] += items


def read(workload: Workload) -> dict[str, Any] | None:
    """The record of an earlier injection; None where there is none. Raises UsageError for one that cannot be read."""
    found = workload.object.at("metadata", "annotations", INJECTED)
    if found is None:
        return None
    try:
        record = json.loads(text(found))
    except ValueError:
        record = None
    if not isinstance(record, dict) or "mode" not in record:
        place = workload.object.place("metadata", "annotations", INJECTED)
        raise UsageError(f"{place}: the record of what was injected cannot be read", hint=_AGAIN.format(INJECTED))
    return record


def take_out(workload: Workload, record: dict[str, Any]) -> None:
    """The workload as it was before the injection that the record tells of."""
    spec = workload.spec
    if noted := record.get("container"):
        _restore(workload, noted)
    for field, named in (("initContainers", record.get("init", [])), ("volumes", record.get("volumes", []))):
        if named:
            spec[field] = [one for one in listed(spec.get(field)) if text(mapping(one).get("name")) not in named]
            _as_before(spec, field, record.get("made", {}).get(field))
    metadata = workload.object.root["metadata"]
    del metadata["annotations"][INJECTED]
    _as_before(metadata, "annotations", record.get("annotations"))


def _restore(workload: Workload, noted: dict[str, Any]) -> None:
    root = next(
        (one.root for one in workload.containers() if (one.field, one.name) == (noted["in"], noted["name"])), None
    )
    if root is None:
        place = workload.object.place(*workload.spec_path, noted["in"])
        hint = _AGAIN.format(INJECTED)
        raise UsageError(f"{place}: the container {noted['name']}, which was injected into, is gone", hint=hint)
    if words := noted.get("words"):
        if [text(word) for word in listed(root.get("command"))][: len(words)] != words:
            place = workload.object.place(*workload.spec_path, noted["in"])
            hint = _AGAIN.format(INJECTED)
            raise UsageError(f"{place}: the command of {noted['name']} was changed since it was wrapped", hint=hint)
        del root["command"][: len(words)]
    for field, labels in noted.get("more", {}).items():
        root[field] = [item for item in listed(root.get(field)) if _label(item) not in labels]
    for field in noted.get("new", []):
        root.pop(field, None)
    for field, (number, value) in reversed(noted.get("was", {}).items()):  # each place is of the moment when it went
        if field in root:
            root[field] = value
        else:
            _put(root, field, value, number)


def _as_before(holder: dict[str, Any], field: str, made: str | None) -> None:
    if holder.get(field):
        return
    if made in ("new", None):  # None: it was not empty, and somebody else has emptied it since
        del holder[field]
    else:
        holder[field] = None if made == "none" else [] if field != "annotations" else {}


def _refuse_same_mount(place: str, name: str, there: list[Any], more: list[Any]) -> None:
    """Two mounts at one place: the API server refuses them, and taking ours out again would take both."""
    taken = {_folder(one) for one in there}
    for one in more:
        if _folder(one) in taken:
            hint = "mount what is there at another place, or choose another --from"
            raise UsageError(
                f"{place}: {name} has something at {_folder(one)}, where Lockmaster's volume goes", hint=hint
            )
        taken.add(_folder(one))


def _folder(mount: Any) -> str:
    return text(mapping(mount).get("mountPath")).rstrip("/")


def _label(item: Any) -> Any:
    """What an item is known by in a record: a variable by its name, a mount by its place, the rest by itself."""
    item = mapping(item)
    return item.get("mountPath") or item.get("name") or item


def _put(root: dict[str, Any], field: str, value: Any, number: int) -> None:
    """A new field at a number."""
    after = [(key, root.pop(key)) for key in list(root)[number:]]
    root[field] = value
    root.update(after)
