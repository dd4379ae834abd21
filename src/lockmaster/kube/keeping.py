"""A Lease as the turn of an errand, where the database has no lock of ours, or there is none. IT DOES NOT FENCE: see `lease`."""

from __future__ import annotations

from _random import Random
from typing import TYPE_CHECKING, Any

from lockmaster.clock import ready
from lockmaster.engine.errand import Seen
from lockmaster.engine.failures import LostTurnError
from lockmaster.kube.api import connect
from lockmaster.kube.lease import Lease, identity
from lockmaster.kube.lease_record import Timing
from lockmaster.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lockmaster.clock import Clock, Deadline

_PROOF_SECONDS = 5.0


class LeaseKeeper:
    """See `engine.ports.Keeper`. It keeps no record of keys: there is no table to hold one."""

    name = ""  # sessions of the command cannot be told: nobody waits for them
    writable = True

    def __init__(self, name: str, environ: Mapping[str, str], *, clock: Clock, stop: Stop) -> None:
        self._api, self._name, self._holder = connect(environ), name, identity(environ)
        self._clock, self._stop = clock, stop
        self._lease: Lease | None = None
        self._lost: Stop | None = None  # becomes readable when the lease is lost
        self._random = Random()

    def open(self, limit: Deadline, *, write: bool) -> Seen:  # noqa: ARG002 - what cannot be asked yet is told by `take`
        self.close()
        self._lost = Stop()
        self._lease = Lease(self._api, self._name, self._holder, self._clock, on_lost=self._lost.request)
        return Seen(done=False)

    def look(self, *, load: bool = False) -> Seen:  # noqa: ARG002 - there is nothing to look at but the lease
        return Seen(done=False)

    def take(self) -> bool:
        return self._ours().take(0.0)

    def wait(self, seconds: float) -> bool:
        """At client-go's pace, which spares the API server."""
        least = Timing().period * (1 + 1.2 * self._random.random())
        ready([self._stop], max(seconds, least) if seconds else 0.0)
        self._stop.check()
        return False

    def prepare(self) -> bool:
        return True

    def orphans(self, *, end: bool) -> tuple[str, ...]:  # noqa: ARG002 - they have no names here
        return ()

    def hold(self, seconds: float, wake: Sequence[Any]) -> None:
        lease, lost = self._ours(), self._lost
        assert lost is not None  # noqa: S101 - for the type checker: made with the lease
        ready([self._stop, lost, *wake], min(seconds, _PROOF_SECONDS))
        if lease.lost.is_set():
            raise LostTurnError(lease.why)
        self._stop.check()

    def record(self, command: str, seconds: float) -> None:  # noqa: ARG002 - as all keepers have it
        raise AssertionError("a lease keeps no keys")  # whoever asks for one is refused before

    def release(self) -> None:
        if self._lease is not None:
            self._lease.release()

    def descriptors(self) -> Sequence[int]:
        return ()

    def holder(self) -> str:
        lease = self._ours()
        return lease.others or lease.state

    def close(self) -> None:
        self.release()
        if self._lost is not None:
            self._lost.close()
        self._lease = self._lost = None

    def _ours(self) -> Lease:
        if self._lease is None:
            raise LostTurnError("the lease was closed")
        return self._lease
