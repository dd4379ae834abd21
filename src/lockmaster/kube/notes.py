"""A note as an Event of the core API, which is what `kubectl describe` shows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from lockmaster.kube.whoami import Pod

    Json = dict[str, Any]

MOST = 30  # Events of one run on one object: a log is the place for more
KEPT = 10  # of them for what the owner is told too: a long wait must not use up the word on how it ended
LENGTH = 1024  # bytes of a message; the API server takes no longer one
_SAME = 600  # seconds in which an owner is told the same thing once


class Note(NamedTuple):
    """Something to tell. `owner`: the pod's owner is told too; with `warning` without the pod's name, once for all pods."""

    reason: str
    text: str
    warning: bool = False
    owner: bool = False

    @property
    def passing(self) -> bool:
        """Whether it is no news any more once there is something newer."""
        return self.reason.endswith("Started") or self.reason.startswith("WaitingFor")


class Thing(NamedTuple):
    """An object that something is told about."""

    version: str
    kind: str
    name: str
    uid: str


def event(note: Note, thing: Thing, pod: Pod) -> Json:
    """The Event. What pods, or tries of one pod, say alike to their owner has one name: only the first one is kept."""
    own, seconds = thing.kind == "Pod", time.time()
    text = note.text if own or note.warning else f"{pod.name}: {note.text}"
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    about = {"apiVersion": thing.version, "kind": thing.kind, "namespace": pod.namespace, "name": thing.name}
    if thing.uid:
        about["uid"] = thing.uid
    name = f"{time.time_ns():016x}" if own else _shared(note.reason, text, thing, seconds)
    return {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": f"{thing.name}.{name}", "namespace": pod.namespace},
        "involvedObject": about, "type": "Warning" if note.warning else "Normal", "reason": note.reason,
        "message": cut(text, LENGTH), "source": {"component": "lockmaster"}, "count": 1,
        "firstTimestamp": stamp, "lastTimestamp": stamp,
        "reportingComponent": "lockmaster", "reportingInstance": pod.name,
    }  # fmt: skip


def _shared(reason: str, text: str, thing: Thing, seconds: float) -> str:
    from hashlib import blake2b

    told = f"{thing.uid}\n{reason}\n{text}\n{seconds // _SAME:.0f}"
    return blake2b(told.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()


def cut(text: str, most: int) -> str:
    """The text in at most `most` bytes, never through the middle of a character."""
    data = text.encode("utf-8", "backslashreplace")
    return data.decode() if len(data) <= most else data[: most - 3].decode("utf-8", "ignore") + "..."
