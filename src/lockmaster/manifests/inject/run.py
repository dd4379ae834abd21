"""Manifests in, the same manifests with Lockmaster in them out.

What is there of an earlier injection goes out first, so an injection is brought up to date, and one that says what is
there already changes nothing.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from lockmaster.manifests.inject import checks, record, shape
from lockmaster.manifests.inject.add import add
from lockmaster.manifests.inject.choose import choose, refuse_nothing, seen
from lockmaster.manifests.inject.configmap import MADE
from lockmaster.manifests.inject.krm import wish_of
from lockmaster.manifests.inject.needs import keys_of
from lockmaster.manifests.inject.replace import replace
from lockmaster.manifests.inject.way import Way
from lockmaster.manifests.inject.wish import Note, checked
from lockmaster.manifests.inject.wrap import wrap
from lockmaster.manifests.objects import Object, Workload, dig, objects, workload
from lockmaster.manifests.stream import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lockmaster.manifests.inject.configmap import Files
    from lockmaster.manifests.inject.wish import Wish
    from lockmaster.manifests.stream import Document, Stream


def inject(streams: Sequence[Stream], wish: Wish, files: Callable[[str], Files] | None = None) -> list[Note]:
    """Change the streams, and tell what was done and what to mind. `files` reads a folder of this machine.

    Raises UsageError, with nothing changed, where there is nothing to inject into, or where it cannot be right.
    """
    wish = checked(wish_of(streams, wish))
    sight = _Sight(streams)
    if wish.remove:
        notes = _remove(sight, wish)
    else:
        if not sight.workloads:
            refuse_nothing(sight.objects)
        choice = choose([sight.clean(one) for one in sight.workloads], wish, keys_of(sight.objects))
        notes = [Note("", f"{seen(one)} is left as it is: {why}") for one, why in choice.left]
        for one in choice.chosen:
            notes += sight.inject(one, wish, files)
    sight.write()
    return notes


def _remove(sight: _Sight, wish: Wish) -> list[Note]:
    there = [one for one in sight.workloads if record.read(one) is not None]
    if wish.workloads:
        there = choose(there, wish, {}).chosen if there else []
    for one in there:
        sight.replace(sight.clean(one))
    return [Note("", f"{seen(one)} is as it was before") for one in there] or [
        Note("", "nothing of Lockmaster's is in these manifests")
    ]


class _Sight:
    """All objects as plain data that may be changed; `write` makes it the streams'."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        self._streams = streams
        self._roots: dict[Document, Any] = {}
        self._made: list[tuple[Workload, dict[str, Any]]] = []
        self._released: set[str] = set()
        self.objects = [self._plain(item) for item in objects(streams)]
        self.workloads = [found for item in self.objects if (found := workload(item))]
        for one in self.workloads:
            shape.check(one)

    def clean(self, one: Workload) -> Workload:
        """A copy of it without what was injected earlier."""
        item = one.object
        made = Workload(Object(item.document, item.path, copy.deepcopy(item.root)), one.where)
        if (found := record.read(made)) is not None:
            record.take_out(made, found)
        return made

    def inject(self, one: Workload, wish: Wish, files: Callable[[str], Files] | None) -> list[Note]:
        """Inject into this clean copy, and take it in place of what is there."""
        way = Way(one, wish, keys_of(self.objects), files)
        _go(way)
        if way.config_map is not None:
            self._made.append((one, way.config_map))
        self.replace(one)
        return way.notes

    def replace(self, one: Workload) -> None:
        """Take this copy in place of what is there."""
        there = dig(self._roots[one.object.document], one.object.path)
        old = Workload(Object(one.object.document, one.object.path, there), one.where)
        self._released |= _config_maps([old])
        there.clear()
        there.update(one.object.root)

    def write(self) -> None:
        """Give the streams what is here."""
        needed = _config_maps(self.workloads)
        there = {item.name: item for item in self.objects if item.kind == "ConfigMap" and not item.group}
        for name in self._released - needed:
            if name in there and there[name].at("metadata", "annotations", record.INJECTED) == MADE:
                self._drop(there[name])
        for one, config_map in self._made:
            if config_map["metadata"]["name"] not in there:
                there[config_map["metadata"]["name"]] = self._add(one, config_map)
        for document, root in self._roots.items():
            document.become(root)

    def _plain(self, item: Object) -> Object:
        if item.document not in self._roots:
            self._roots[item.document] = plain(item.document.root)
        return Object(item.document, item.path, dig(self._roots[item.document], item.path))

    def _add(self, one: Workload, config_map: dict[str, Any]) -> Object:
        if one.object.namespace:
            config_map["metadata"]["namespace"] = one.object.namespace
        document, path = one.object.document, one.object.path
        if path:  # of a List
            dig(self._roots[document], path[:-1]).append(config_map)
            return Object(document, path, config_map)
        stream = next(stream for stream in self._streams if document in stream.documents)
        return Object(stream.add(document, config_map), (), config_map)

    def _drop(self, item: Object) -> None:
        if item.path:
            there = dig(self._roots[item.document], item.path[:-1])
            there[:] = [one for one in there if one is not item.root]
            return
        stream = next(stream for stream in self._streams if item.document in stream.documents)
        stream.documents.remove(item.document)
        del self._roots[item.document]


def _go(way: Way) -> None:
    """Change the workload. Raises UsageError where that cannot be right."""
    checks.refuse(way.workload)
    {"add": add, "wrap": wrap, "replace": replace}[way.wish.mode](way)
    if way.config_map is not None:
        way.edit.record[record.CONFIG_MAP] = way.config_map["metadata"]["name"]
    way.edit.finish()
    way.notes += checks.warnings(way.workload, way.wish, way.app.path)


def _config_maps(found: list[Workload]) -> set[str]:
    """The ConfigMaps that were made for these workloads."""
    read = [record.read(one) for one in found]
    return {one[record.CONFIG_MAP] for one in read if one and record.CONFIG_MAP in one}
