"""A ResourceList, as kustomize gives it to a function: its functionConfig is the wish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lockmaster.errors import UsageError
from lockmaster.manifests.inject.wish import Wish
from lockmaster.manifests.objects import dig, mapping, text
from lockmaster.settings.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lockmaster.manifests.stream import Stream

KIND = "ResourceList"
_LISTS = ("workloads", "options")
_SWITCHES = ("all", "remove", "gate")
_NAMES = {"from": "source", "kubernetesVersion": "kubernetes_version", "urlEnv": "url_env"}
_FIELDS = {**{name: name for name in Wish._fields if name not in _NAMES.values()}, **_NAMES}


def wish_of(streams: Iterable[Stream], wish: Wish) -> Wish:
    """The wish, with what a functionConfig says in place of what it said. Raises UsageError for what that cannot mean."""
    for stream in streams:
        for document in stream.documents:
            if dig(document.root, ["kind"]) == KIND and (config := mapping(document.root.get("functionConfig"))):
                field = "data" if config.get("kind") == "ConfigMap" else "spec"
                place = document.place(("functionConfig", field))
                values = mapping(config.get(field)).items()
                wish = wish._replace(**dict(_field(text(name), value, place) for name, value in values))
    return wish


def _field(name: str, value: Any, place: str) -> tuple[str, Any]:
    if name not in _FIELDS:
        hint = did_you_mean(name, list(_FIELDS)) or f"there are {', '.join(sorted(_FIELDS))}"
        raise UsageError(f"{place}: {name} is not known", hint=hint)
    if name in _LISTS:
        return _FIELDS[name], tuple(text(item) for item in value) if isinstance(value, list) else tuple(
            text(value).split()
        )
    if name in _SWITCHES:
        if text(value).lower() not in ("true", "false"):
            raise UsageError(f"{place}: {name}: {value!r} is neither true nor false", hint=f"{name}: true")
        return _FIELDS[name], text(value).lower() == "true"
    if isinstance(value, (dict, list)):
        raise UsageError(f"{place}: {name} is a text", hint=f"{name}: ...")
    return _FIELDS[name], text(value)
