"""A Lease as it stands in the API server: every write names the version that it replaces, so of two one wins."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any

from lockmaster.kube.access import Access
from lockmaster.kube.api import ConflictError, NoAnswerError
from lockmaster.kube.kinds import LEASE
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from lockmaster.kube.api import Api

    Json = dict[str, Any]


class Timing(NamedTuple):
    """Seconds, as client-go names them."""

    duration: float = 15.0  # a lease that was not seen renewed for so long is free
    deadline: float = 10.0  # a holder who could not renew for so long has lost it
    period: float = 2.0  # between two renewals, and (with jitter) between two tries


class Record:
    """The object in the API server, as it was read or written last."""

    def __init__(self, api: Api, name: str, namespace: str, holder: str, timing: Timing) -> None:
        self._api, self._holder, self._timing = api, holder, timing
        self._path, self._name, self._namespace = LEASE.path(namespace), name, namespace
        self._rights = (
            Access(LEASE.group, LEASE.resource, ("get", "update"), namespace, name),
            Access(LEASE.group, LEASE.resource, ("create",), namespace),
        )
        self._found: Json | None = None  # as it was read or written last
        self._seen_at = 0.0  # when what stands in it was seen for the first time
        self.others = ""

    def take(self, seconds: float) -> bool:
        """One try."""
        self._observe(self._api.get(f"{self._path}/{self._name}", self._rights, seconds=seconds))
        try:
            if self._found is None:
                return self._write(self._new(0), seconds)
            spec = self._found.get("spec") or {}
            holder = spec.get("holderIdentity") or ""
            if holder == self._holder:  # a write whose answer was lost
                return self._write(spec, seconds)
            if holder and now() < self._seen_at + float(spec.get("leaseDurationSeconds") or self._timing.duration):
                return False
            return self._write(self._new(int(spec.get("leaseTransitions") or 0) + 1), seconds)
        except ConflictError:
            return False

    def renew(self, seconds: float) -> bool:
        """Whether it is still ours. Raises NoAnswerError when nobody knows."""
        ends = now() + seconds
        try:
            if self._write(dict((self._found or {}).get("spec") or {}), seconds):
                return True
        except ConflictError:
            pass
        left = max(0.1, ends - now())
        self._observe(self._api.get(f"{self._path}/{self._name}", self._rights, seconds=left))
        if self._found is None or (self._found.get("spec") or {}).get("holderIdentity") != self._holder:
            self.others = self.others or "nobody"
            return False
        return self._write(self._found["spec"], left)

    def give_back(self, seconds: float) -> None:
        """As client-go does: no holder, and a second's length."""
        spec = dict((self._found or {}).get("spec") or {})
        self._write(spec | {"holderIdentity": "", "leaseDurationSeconds": 1}, seconds)

    def _new(self, transitions: int) -> Json:
        seconds = max(1, round(self._timing.duration))
        return {
            "holderIdentity": self._holder, "leaseDurationSeconds": seconds, "acquireTime": _stamp(),
            "leaseTransitions": transitions,
        }  # fmt: skip

    def _write(self, spec: Json, seconds: float) -> bool:
        """Whether it is written; not when it is gone, or (ConflictError) is not any more as we saw it."""
        body: Json = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": spec | {"renewTime": _stamp()}}
        if self._found is None:
            body["metadata"] = {"name": self._name, "namespace": self._namespace}
            written = self._api.request("POST", self._path, self._rights, body=body, seconds=seconds)
        else:
            body["metadata"] = self._found["metadata"]
            path = f"{self._path}/{self._name}"
            written = self._api.request("PUT", path, self._rights, body=body, seconds=seconds)
        if written is None:
            return False
        self._observe(written)
        return True

    def _observe(self, found: Json | None) -> None:
        if found is not None and not _is_lease(found):
            raise NoAnswerError("what answers is no API server")
        spec = (found or {}).get("spec") or {}
        if found is None or self._found is None or spec != self._found.get("spec"):
            self._seen_at = now()
        self._found = found
        holder = spec.get("holderIdentity") or ""
        since = str(spec.get("acquireTime") or "").partition(".")[0]
        self.others = f"{holder} since {since}Z" if holder and holder != self._holder else ""


def _is_lease(found: Json) -> bool:
    spec = found.get("spec") or {}
    if not isinstance(found.get("metadata"), dict) or not isinstance(spec, dict):
        return False
    numbers = (spec.get("leaseDurationSeconds") or 0, spec.get("leaseTransitions") or 0)
    return all(isinstance(number, int) for number in numbers) and isinstance(spec.get("holderIdentity") or "", str)


def now() -> float:
    """Seconds that go on while the machine is suspended: others' leases go on too."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _stamp() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
