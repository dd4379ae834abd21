"""Workloads that have lists where lists belong: the rest of the house may then take them for granted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lockmaster.errors import UsageError
from lockmaster.manifests.objects import dig

if TYPE_CHECKING:
    from lockmaster.manifests.objects import Path, Workload

_OF_CONTAINERS = ("env", "envFrom", "volumeMounts")


def check(workload: Workload) -> None:
    """Raise UsageError, with the line, for what the API server would not take either."""
    if not isinstance(workload.object.root.get("metadata"), dict):
        raise _wrong(workload, ("metadata",), "is a mapping with the object's name")
    _mapping(workload, ("metadata", "annotations"))
    for field in ("metadata", "annotations"), ("metadata", "labels"), ("metadata",):
        _mapping(workload, (*workload.where, *field))
    path = workload.spec_path
    _mapping(workload, (*path, "nodeSelector"))
    _items(workload, (*path, "volumes"))
    for kind in ("initContainers", "containers"):
        _items(workload, (*path, kind))
        for number in range(len(dig(workload.object.root, (*path, kind)) or ())):
            _container(workload, (*path, kind, number))


def _container(workload: Workload, path: Path) -> None:
    for field in _OF_CONTAINERS:
        _items(workload, (*path, field))
    for field in ("command", "args"):
        for word in _list(workload, (*path, field)):
            if isinstance(word, (dict, list)):
                raise _wrong(workload, (*path, field), "has words, and no lists or mappings in it")
    _mapping(workload, (*path, "securityContext"))
    for field in ("name", "image", "workingDir"):
        if isinstance(dig(workload.object.root, (*path, field)), (dict, list)):
            raise _wrong(workload, (*path, field), "is a text")


def _items(workload: Workload, path: Path) -> None:
    for number, item in enumerate(_list(workload, path)):
        if not isinstance(item, dict):
            raise _wrong(workload, path, "is a list of mappings")
        for field in ("name", "mountPath"):
            if isinstance(item.get(field), (dict, list)):
                raise _wrong(workload, (*path, number, field), "is a text")


def _list(workload: Workload, path: Path) -> list[Any]:
    found = dig(workload.object.root, path)
    if found is not None and not isinstance(found, list):
        raise _wrong(workload, path, "is a list")
    return found or []


def _mapping(workload: Workload, path: Path) -> None:
    found = dig(workload.object.root, path)
    if found is not None and not isinstance(found, dict):
        raise _wrong(workload, path, "is a mapping")


def _wrong(workload: Workload, path: Path, what: str) -> UsageError:
    names = ".".join(str(step) for step in path)
    return UsageError(
        f"{workload.object.place(*path)}: {names} {what}", hint="kubectl explain tells what belongs there"
    )
