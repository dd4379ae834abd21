"""Events on the pod and on what it belongs to, told on the side: nobody ever waits for the API server.

A daemon thread of its own takes notes from a short queue and does all the talking; whoever has something to tell only
puts it there. A note that the server refuses, or that nobody answers, is dropped, and the first of them said in one
line for who looks closely. At the end of the run the queue is given a moment (see `settle`), and what is left is lost.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from lockmaster.kube import holders
from lockmaster.kube.login import SERVICE_ACCOUNT
from lockmaster.kube.notes import KEPT, MOST, Note, Thing, event
from lockmaster.kube.whoami import Pod, whoami
from lockmaster.step_events import Noted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockmaster.events import Emit
    from lockmaster.kube.asides import Asides

    Json = dict[str, Any]

_LAST = 1.0  # seconds that the exit may wait: for what is told in some 20 ms, by a server that is known to answer
_UNHEARD = 0.3  # seconds since the first note; an API server that has not answered by then is not waited for


class Teller:
    """Tells notes. What it has to say itself it emits, from its thread."""

    def __init__(self, environ: Mapping[str, str], name: str, emit: Emit, account: str = SERVICE_ACCOUNT) -> None:
        self._environ, self._name, self._account, self._emit = environ, name, account, emit
        self._changed = threading.Condition()
        self._notes: deque[Note | holders.Holder] = deque()
        self._left = MOST
        self._busy = self._heard = self._failing = self._said = self._learnt = False
        self._blind = False  # we may not look at pods
        self._began = 0.0
        self._pod = Pod("", name)
        self._owner: Thing | None = None
        self._api: Asides | None = None
        self._gone: set[holders.Holder] = set()

    def tell(self, note: Note | holders.Holder) -> None:
        """Queue a note, or a holder of the turn who may be gone. Returns at once; too many are dropped."""
        with self._changed:
            if isinstance(note, Note):
                if self._left <= (0 if note.owner else KEPT):
                    return
                self._left -= 1
                if note.owner:  # nobody needs to hear that what has ended by now was begun
                    self._notes = deque(one for one in self._notes if not (isinstance(one, Note) and one.passing))
            elif self._notes:  # the server is slow: a look can wait
                return
            self._notes.append(note)
            if not self._began:
                self._began = time.monotonic()
                threading.Thread(target=self._run, name="kube-events", daemon=True).start()
            self._changed.notify_all()

    def settle(self, *, failed: bool) -> None:
        """Give the queue a moment at the end.

        After a failure up to a second: the kubelet waits ten before it tries again. After a success too, if the API
        server has answered before; if it has not, until 0.3 s after the first note, so a silent one never costs more
        than that, and nothing where the migration took longer.
        """
        began = time.monotonic()
        with self._changed:
            while self._notes or self._busy:
                ends = began + _LAST if failed or self._heard else self._began + _UNHEARD
                left = ends - time.monotonic()
                if left <= 0 or (self._failing and not failed):
                    return
                self._changed.wait(left)

    # ---- in the thread ------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                while not self._notes:
                    self._changed.wait()
                note, self._busy = self._notes.popleft(), True
            try:
                self._handle(note)
            except Exception as error:  # noqa: BLE001 - whatever it is, the migration goes on
                known = type(error).__name__ == "AsideError"  # else an answer of a shape that none should have
                self._fail(str(error) if known else "what answers is no API server")

    def _handle(self, note: Note | holders.Holder) -> None:
        if self._api is None:
            from lockmaster.kube.asides import Asides

            self._pod = whoami(self._environ, self._name, self._account)
            self._api = Asides(self._environ, self._account)
        if not self._learnt:
            self._learn()
            self._learnt = True
        if isinstance(note, holders.Holder):
            self._look(note)
            return
        self._post(event(note, Thing("v1", "Pod", self._pod.name, self._pod.uid), self._pod))
        if note.owner and self._owner is not None:
            self._post(event(note, self._owner, self._pod))

    def _learn(self) -> None:
        """The pod's uid, and who made it: as far as we may look. The topmost one that is known is told."""
        found = self._get("/api/v1", "pods", self._pod.name)
        if found is None:
            return
        self._pod = self._pod._replace(uid=found["metadata"]["uid"])
        self._owner = _maker(found)
        if self._owner is not None and self._owner.kind == "ReplicaSet":
            above = self._get("/apis/apps/v1", "replicasets", self._owner.name)
            self._owner = (_maker(above) if above else None) or self._owner

    def _get(self, group: str, resource: str, name: str) -> Json | None:
        """The object, or None when it may not be looked at, or is not there."""
        status, found = self._ask("GET", f"{group}/namespaces/{self._pod.namespace}/{resource}/{name}")
        return found if status == 200 else None

    def _post(self, body: Json) -> None:
        status, answer = self._ask("POST", f"/api/v1/namespaces/{self._pod.namespace}/events", body)
        if status >= 300 and status != 409:  # 409: another pod has told the owner just this
            self._fail(str(answer.get("message") or f"status {status}"))

    def _ask(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        assert self._api is not None  # noqa: S101 - for the type checker
        answer = self._api.request(method, path, body)
        with self._changed:
            self._heard, self._failing = True, False
            self._changed.notify_all()
        return answer

    def _look(self, holder: holders.Holder) -> None:
        """Say so when the holder's pod is gone, once. Who may not look says nothing."""
        if self._blind or holder in self._gone or not holders.same_workload(holder.pod, self._pod.name):
            return
        status, found = self._ask("GET", f"/api/v1/namespaces/{self._pod.namespace}/pods/{holder.pod}")
        self._blind = status in (401, 403)
        if status == 404 or (status == 200 and not _is_alive(found, holder.uid)):
            self._gone.add(holder)
            text = f"the pod that holds the turn, {holder.pod}, is gone; its {holder.by} ends in seconds"
            self._emit(Noted(text, loud=True))
            self.tell(Note("HolderGone", text))

    def _fail(self, why: str) -> None:
        with self._changed:
            self._failing = True
            self._changed.notify_all()
        if not self._said:
            self._said = True
            self._emit(Noted(f"no Kubernetes Events: {why}"))


def _maker(found: Json) -> Thing | None:
    for owner in found["metadata"].get("ownerReferences") or ():
        if owner.get("controller") and owner["kind"] != "Node":  # a static pod's; it stands in no namespace
            return Thing(owner["apiVersion"], owner["kind"], owner["name"], owner["uid"])
    return None


def _is_alive(pod: Json, uid: str) -> bool:
    """Whether it is the pod with that uid (or there is none to compare), and its containers may be running."""
    return pod["metadata"]["uid"].startswith(uid) and pod["status"].get("phase") not in ("Succeeded", "Failed")
