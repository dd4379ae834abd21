"""Reads a namespace's objects for `overview`. What must be read and may not is an error with the rules that are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lockmaster.errors import AccessDeniedError, UnreachableError
from lockmaster.kube.access import Access
from lockmaster.kube.api import NoAnswerError
from lockmaster.kube.kinds import KINDS, LEASE, Kind
from lockmaster.kube.overview import Listed

if TYPE_CHECKING:
    from lockmaster.kube.api import Api

    Json = dict[str, Any]

_WORKLOADS = ("deployments", "statefulsets", "daemonsets", "jobs")
_EVENT = Kind("Event", "", "v1", "events")
_NEEDED = tuple(KINDS[name] for name in ("pods", "replicasets", *_WORKLOADS))


class Reader:
    """One namespace. `missing` names the lists that may not be read, and are not needed."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api, self.namespace = api, namespace or api.namespace
        self.missing: list[str] = []

    def read(self) -> Listed:
        """Raises AccessDeniedError, UnreachableError."""
        found: list[Json] = []
        for name in _WORKLOADS:
            found += [one | {"kind": KINDS[name].name} for one in self._list(KINDS[name])]  # a list says no kinds
        pods, replicasets = self._list(KINDS["pods"]), self._list(KINDS["replicasets"])
        return Listed(found, replicasets, pods, self._may(_EVENT, source="lockmaster"), self._may(LEASE))

    def _may(self, kind: Kind, **fields: str) -> list[Json]:
        try:
            return self._list(kind, **fields)
        except AccessDeniedError:
            self.missing.append(kind.resource)
            return []

    def _list(self, kind: Kind, **fields: str) -> list[Json]:
        params = {"fieldSelector": ",".join(f"{key}={value}" for key, value in fields.items())} if fields else None
        try:
            found = self._api.get(kind.path(self.namespace), self._rights(kind), params=params) or {}
        except NoAnswerError as error:
            raise UnreachableError(
                f"the Kubernetes API server cannot be asked: {error}", hint="does kubectl reach it?"
            ) from error
        return list(found.get("items") or ())

    def _rights(self, kind: Kind) -> tuple[Access, ...]:
        """All that is needed, with the one in front that it is about."""
        kinds = (kind, *(other for other in _NEEDED if other != kind))
        return tuple(Access(one.group, one.resource, ("list",), self.namespace) for one in kinds)
