"""The requests of one target: look, watch from there; again after whatever went wrong, with a pause."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lockmaster.clock import pauses
from lockmaster.errors import AccessDeniedError
from lockmaster.kube.access import Access, ForbiddenError
from lockmaster.kube.api import ExpiredError, NoAnswerError
from lockmaster.kube.facts import Seen, meta
from lockmaster.kube.kinds import SLICE, asked
from lockmaster.kube.sight import Sight

if TYPE_CHECKING:
    from collections.abc import Generator

    from lockmaster.kube.api import Api
    from lockmaster.kube.target import Aim

GRACE = 10.0  # seconds in which a missing privilege may still come: an installation makes Roles and pods at once
_SECONDS, _SPREAD = 45, 30  # of one watch, so that a cut network is noticed; spread over the herd


class Asking:
    """One round after the other, with a pause of `pause` seconds between them."""

    def __init__(self, api: Api, aim: Aim) -> None:
        self._api, self._aim = api, aim
        self._sight: Sight | None = None  # None until the kind is known
        self._path = self._resource = self._group = self._namespace = ""
        self._version = ""  # where a watch goes on; "" when it is to begin with what is there
        self._may_watch = True
        self._denied_since: float | None = None
        self._pauses = pauses(0.5, 10.0)
        self.pause = 0.0

    def round(self) -> Generator[Seen]:
        """Each state, until there is reason to pause. Raises what cannot get better."""
        self.pause = next(self._pauses)
        try:
            self._sight = self._sight or self._known()
            if self._sight is None:
                yield Seen(
                    ready=False, state=f"the API server knows no {self._aim.kind.resource}.{self._aim.kind.group}"
                )
                return
            self._look(self._sight)
            self._denied_since = None
            yield self._sight.seen()
            if self._may_watch:
                yield from self._watch(self._sight)
        except NoAnswerError as error:
            self.pause = max(self.pause, error.pause)
            yield Seen(ready=False, state=f"the Kubernetes API server cannot be asked: {error}")
        except ExpiredError:
            self._version, self.pause = "", min(self.pause, 0.5)
        except AccessDeniedError as error:
            yield self._denied(error)

    def _look(self, sight: Sight) -> None:
        """What is there now. An object that is not there any more is left to the watch, which tells how it ended."""
        if sight.of_service:
            listed = self._api.get(self._path, self._rights(), params=self._selector()) or {}
            self._version = str((listed.get("metadata") or {}).get("resourceVersion") or "")
            sight.show(listed.get("items") or [])
            return
        found = self._api.get(f"{self._path}/{self._aim.name}", self._rights())
        if found is not None:
            self._version = str(meta(found, "resourceVersion") or "")
            sight.show([found])
        elif not (self._version and self._may_watch):
            sight.show([])

    def _known(self) -> Sight | None:
        """Learn what kind it is, and where its objects are."""
        kind = asked(self._aim.kind, self._api)
        if kind is None:
            return None
        sight = Sight(self._aim, kind)
        where = SLICE if sight.of_service else kind
        self._namespace = (self._aim.namespace or self._api.namespace) if where.namespaced else ""
        self._path, self._group, self._resource = where.path(self._namespace), where.group, where.resource
        return sight

    def _watch(self, sight: Sight) -> Generator[Seen]:
        params = self._selector() | {"allowWatchBookmarks": "true"}
        if self._version:
            params["resourceVersion"] = self._version
        seconds = _SECONDS + time.monotonic_ns() % _SPREAD
        try:
            for kind, item in self._api.watch(self._path, self._rights(), params, seconds):
                if kind == "OPENED":
                    self._pauses = pauses(0.5, 10.0)
                    continue
                self._version = str(meta(item, "resourceVersion") or "")
                if kind != "BOOKMARK":
                    sight.event(kind, item)
                    yield sight.seen()
        except ForbiddenError:
            self._may_watch, self._version = False, ""  # `get` alone will do
            return
        self.pause = 0.0

    def _selector(self) -> dict[str, str]:
        if self._sight and self._sight.of_service:
            return {"labelSelector": f"kubernetes.io/service-name={self._aim.name}"}
        return {"fieldSelector": f"metadata.name={self._aim.name}"}

    def _rights(self) -> tuple[Access, ...]:
        if self._sight and self._sight.of_service:
            return (Access(self._group, self._resource, ("list", "watch"), self._namespace),)
        return (Access(self._group, self._resource, ("get", "watch"), self._namespace, self._aim.name),)

    def _denied(self, error: AccessDeniedError) -> Seen:
        now = time.monotonic()
        self._denied_since = self._denied_since or now
        self.pause = min(self.pause, 2.0)
        final = error if now - self._denied_since >= GRACE else None
        return Seen(ready=False, state=error.message, failure=final)
