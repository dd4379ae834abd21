"""What is known of an object right now, and what it means when it is not there.

A Job that is not there is one of four, and a look alone cannot tell them apart:

    never made yet                  it is waited for
    made, complete, removed by its ttlSecondsAfterFinished before anybody looked: it looks the same, and is waited for
                                    until the deadline; who has such Jobs says gone=complete
    complete when it was deleted    complete: a watch shows an object as it was in the end
    not complete when it was deleted   somebody took it away: not complete, whatever `gone` says; a new one is waited for
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.kube import ready
from lockmaster.kube.facts import Json, Seen, meta

if TYPE_CHECKING:
    from lockmaster.kube.kinds import Kind
    from lockmaster.kube.target import Aim


class Sight:
    """The objects that a target is about: one, or a Service's EndpointSlices."""

    def __init__(self, aim: Aim, kind: Kind) -> None:
        self._aim = aim._replace(kind=kind)
        self.of_service = aim.kind.name == "Service" and aim.want == "ready"
        self._items: dict[str, Json] = {}
        self._deleted: Seen | None = None  # how it was when it was deleted before our eyes
        self._was_there = False

    def show(self, items: list[Json]) -> None:
        """All that is there."""
        self._items = {str(meta(item, "name")): item for item in items}
        if items:
            self._deleted, self._was_there = None, True

    def event(self, kind: str, item: Json) -> None:
        """One change: ADDED, MODIFIED or DELETED, with the object as it is, or was in the end."""
        name = str(meta(item, "name"))
        if kind == "DELETED":
            self._items.pop(name, None)
            if self._aim.kind.name == "Job" and self._aim.want == "ready":
                self._deleted = ready.job(item)
        else:
            self._items[name] = item
            self._deleted = None
        self._was_there = True

    def seen(self) -> Seen:
        """What that means for the target."""
        if self.of_service:
            return ready.slices(list(self._items.values()))
        found = self._items.get(self._aim.name)
        if found is not None:
            return ready.judge(self._aim, found)
        if self._aim.want == "absent":
            return Seen(ready=True, state="not there")
        if self._aim.kind.name == "Job" and self._aim.want == "ready":
            return self._job_gone()
        return Seen(ready=False, state="gone" if self._was_there else f"no such {self._aim.kind.name}")

    def _job_gone(self) -> Seen:
        if self._deleted is not None and (self._deleted.ready or self._deleted.failure):
            return self._deleted._replace(state=f"{self._deleted.state}, and deleted since")
        if self._deleted is not None:
            return Seen(ready=False, state=f"deleted before it was complete ({self._deleted.state})")
        if self._aim.gone:
            return Seen(ready=True, state="not there: taken as complete")
        if self._was_there:
            return Seen(
                ready=False, state="gone, and nobody saw whether it was complete (?gone=complete takes it as such)"
            )
        return Seen(ready=False, state="no such Job (one that its TTL removed looks the same: ?gone=complete)")
