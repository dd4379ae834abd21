"""A Lease of coordination.k8s.io/v1 as the turn of those who have no database lock.

A LEASE DOES NOT FENCE. IT ORDERS PODS THAT PLAY BY ITS RULES, AND STOPS NOTHING BY ITSELF: A HOLDER THAT IS PAUSED FOR
LONGER THAN THE LEASE (A STOPPED PROCESS, A SUSPENDED MACHINE, A CPU LIMIT) GOES ON FOR A MOMENT WHEN IT WAKES UP, WHILE
SOMEBODY ELSE HOLDS THE LEASE; AND WHAT IT HAS STARTED (A STATEMENT IN A DATABASE, A REQUEST) GOES ON WITHOUT IT. WHERE
THE DATABASE HAS A LOCK, THAT LOCK IS THE TURN, AND THIS IS NOT USED.

The rules are client-go's (tools/leaderelection): a lease is valid for 15 s after a waiter SAW it renewed, by his own
clock, so that nobody's clocks are compared; a holder renews every 2 s, and gives up by himself when he could not for
10 s, which leaves 5 s to end what he has begun. All writes name the version that they replace, so of two one wins.
"""

from __future__ import annotations

import os
import threading
from _random import Random
from typing import TYPE_CHECKING

from lockmaster.errors import AccessDeniedError, LockmasterError
from lockmaster.kube.api import ConflictError, NoAnswerError
from lockmaster.kube.asking import GRACE
from lockmaster.kube.lease_record import Record, Timing, now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lockmaster.clock import Clock
    from lockmaster.kube.api import Api


def identity(environ: Mapping[str, str]) -> str:
    """Who we are to others: pod, its uid where the pod is told it (POD_UID), and this very process.

    The last part makes a restarted container wait for its former self's lease to end: two processes never share one.
    """
    pod = environ.get("POD_NAME") or environ.get("HOSTNAME") or os.uname().nodename
    return "_".join(filter(None, (pod, environ.get("POD_UID"), os.urandom(4).hex())))


class Lease:
    """One lease, taken by one process at a time. Threads: `take` and `release` in one of them, `lost` in any."""

    def __init__(
        self, api: Api, name: str, holder: str, clock: Clock, *,
        namespace: str = "", timing: Timing = Timing(), on_lost: Callable[[str], None] | None = None,  # noqa: B008
    ) -> None:  # fmt: skip
        self.name, self.namespace = name, namespace or api.namespace
        self.lost = threading.Event()  # set once, when it was ours and is not any more, or nobody can know
        self.why = ""  # it was lost
        self.others = ""  # who holds it, and since when; "" before the first look
        self.state = ""  # what the last try found, for people
        self.answered = True  # the API server did, at the last try
        self._record = Record(api, name, self.namespace, holder, timing)
        self._clock, self._timing, self._on_lost = clock, timing, on_lost
        self._renewed = 0.0  # when the renewal that succeeded last was begun
        self._end = threading.Event()
        self._threads: list[threading.Thread] = []
        self._mutex = threading.Lock()

    def take(self, limit: float) -> bool:
        """Try until it is ours, at most for so many seconds; whether it is. It is renewed until `release`.

        Raises AccessDeniedError with the rules that are missing, and what `clock.sleep` raises.
        """
        ends, denied, random = now() + limit, None, Random()
        while True:
            began = now()
            try:
                self.answered = False
                if self._record.take(min(self._timing.deadline, max(1.0, ends - began))):
                    self._keep(began)
                    self.answered = True
                    return True
                self.answered = True
                self.state = f"held by {self._record.others}" if self._record.others else "somebody else was faster"
                denied = None
            except NoAnswerError as error:
                self.state = f"the Kubernetes API server cannot be asked: {error}"
            except AccessDeniedError:
                denied = denied or began
                if now() - denied >= GRACE or now() >= ends:
                    raise
                self.state = "not allowed yet"
            self.others = self._record.others
            if now() >= ends:
                return False
            pause = self._timing.period * (1 + 1.2 * random.random())
            self._clock.sleep(max(0.0, min(pause, ends - now())))

    def release(self) -> None:
        """Let the next one have it at once. Not ours (any more) is fine; if it cannot be told, it ends by itself."""
        self._end.set()
        for thread in self._threads:
            thread.join(self._timing.period)
        ours, self._threads = bool(self._threads) and not self.lost.is_set(), []
        if ours:
            try:
                self._record.give_back(2.0)
            except (NoAnswerError, ConflictError, LockmasterError):
                pass

    def _keep(self, began: float) -> None:
        self._renewed = began
        self.lost.clear()
        self._end.clear()
        for work in (self._renew, self._guard):
            thread = threading.Thread(target=work, name=f"lease {self.name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def _renew(self) -> None:
        while not self._end.wait(self._timing.period):
            began = now()
            left = self._renewed + self._timing.deadline - began
            if left <= 0:
                return  # the guard says so; after a pause of the whole process nothing is written any more
            try:
                if not self._record.renew(left):
                    self._lose(f"{self._record.others} holds the lease {self.name}")
                    return
                self._renewed = began
            except (NoAnswerError, ConflictError, LockmasterError) as error:
                self.state = str(error)

    def _guard(self) -> None:
        """Not the thread that renews: that one may hang in a request when the time is over."""
        while not self._end.wait(max(0.0, min(0.5, self._renewed + self._timing.deadline - now()))):
            if now() >= self._renewed + self._timing.deadline:
                last = f" ({self.state})" if self.state else ""
                self._lose(f"the lease {self.name} could not be renewed for {self._timing.deadline:g} s{last}")
                return
            if self.lost.is_set():
                return

    def _lose(self, why: str) -> None:
        with self._mutex:
            if self.lost.is_set() or self._end.is_set():
                return
            self.why = why
            self.lost.set()
        if self._on_lost:
            self._on_lost(why)
