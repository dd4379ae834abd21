"""The manifests that are named: files, folders with all that is below them, standard input."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.manifests.stream import Stream, read
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

_ENDINGS = (".yaml", ".yml", ".json")
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class Given(NamedTuple):
    """What was read, and notes on what was not: a fact with the next act, each."""

    streams: list[Stream]
    notes: list[tuple[str, str]]


def given(names: Sequence[str], stdin: Any = None) -> Given:
    """All manifests. Raises UsageError for a name with none, and for a file that is no manifest."""
    streams: list[Stream] = []
    notes: list[tuple[str, str]] = []
    for name in dict.fromkeys(names):
        found = list(_folder(name, notes)) if os.path.isdir(name) else [_file(name, stdin)]
        if not found:
            fact, hint = notes[-1] if notes else ("", "name a folder with .yaml, .yml or .json files")
            raise UsageError(fact or f"{name}: no manifests in this folder", hint=hint)
        streams += found
    return Given(streams, notes)


def _file(name: str, stdin: Any) -> Stream:
    stream = read(name, stdin)
    if not any(document.root is not None for document in stream.documents):
        hint = "what should have written them?" if name == "-" else "name files with Kubernetes objects"
        raise UsageError(f"{stream.name}: no manifests in it", hint=hint)
    return stream


def _folder(folder: str, notes: list[tuple[str, str]]) -> Iterator[Stream]:
    """The objects in files below; other YAML and JSON is left alone, charts have to be rendered."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        if "Chart.yaml" in names:
            folders[:] = []
            notes.append((f"{here}: a Helm chart", f"helm template {here} | lockmaster kube check -"))
            continue
        if set(names) & set(_KUSTOMIZATIONS):
            fact = f"{here}: looked at as it stands, before kustomize changes it"
            notes.append((fact, f"kustomize build {here} | lockmaster kube check -"))
        for name in sorted(names):
            if name.endswith(_ENDINGS) and not name.startswith(".") and name not in _KUSTOMIZATIONS:
                yield from _perhaps(os.path.join(here, name), notes)


def _perhaps(path: str, notes: list[tuple[str, str]]) -> Iterator[Stream]:
    try:
        stream = read(path)
    except UsageError as error:
        notes.append((error.message, error.hint))
        return
    for document in stream.documents:
        if not _is_object(document.root):
            document.root = None
    if any(document.root is not None for document in stream.documents):
        yield stream


def _is_object(root: Any) -> bool:
    return isinstance(root, dict) and bool(root.get("kind")) and bool(root.get("apiVersion"))
