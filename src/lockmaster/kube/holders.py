"""Who holds the turn, read from the name that a database session or a Lease gives him."""

from __future__ import annotations

import re

from lockmaster.values import NamedTuple

_SESSION = re.compile(r"lockmaster/(?P<pod>[a-z0-9.-]+)(?:@(?P<uid>[0-9a-f]{8}))? \(pid \d+\)")
_LEASE = re.compile(r"(?P<pod>[a-z0-9.-]+)(?:_(?P<uid>[0-9a-f-]{36}))?_[0-9a-f]{8} since ")
_WHOLE, _WHOLE_WITH_UID = 63 - len("lockmaster/"), 63 - len("lockmaster/@12345678")


class Holder(NamedTuple):
    """A pod, by name; `uid` is the beginning of its uid, or "" where it is not told."""

    pod: str
    uid: str = ""
    by: str = "session"  # what it has the turn by: its end is the end of the turn


def read(text: str) -> Holder | None:
    """The holder in words such as `lockmaster/web-0@1a2b3c4d (pid 17)`; None when no whole name of a pod is in them."""
    found = _SESSION.match(text)
    if found:
        room = _WHOLE_WITH_UID if found["uid"] else _WHOLE
        if len(found["pod"]) >= room:  # PostgreSQL has 63 bytes: the beginning of the name may be missing
            return None
        return Holder(found["pod"], found["uid"] or "")
    found = _LEASE.match(text)
    return Holder(found["pod"], found["uid"] or "", "Lease") if found else None


def same_workload(one: str, other: str) -> bool:
    """Whether two pods belong to one Deployment, StatefulSet or Job, by their names.

    Only of such a one may be said that it is gone: any other name may be that of a pod in another namespace, or of a
    machine outside of the cluster.
    """
    return _workload(one) == _workload(other)


def _workload(pod: str) -> str:
    """Without an ordinal (web-api-0), or the five characters of a Job's pod and before them a ReplicaSet's hash."""
    name, _, last = pod.rpartition("-")
    if last.isdigit() and len(last) < 5:
        return name
    above, _, middle = name.rpartition("-")
    is_hash = any(char.isdigit() for char in middle) or not set(middle) & set("aeiou")  # no hash has a vowel
    return above if above and is_hash else name or pod
