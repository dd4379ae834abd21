"""A Lease in front of a database's own turn: pods come one by one before they ask for it.

IT PROTECTS NOTHING, AND REPLACES NOTHING: A LEASE DOES NOT FENCE (see `lease`). The turn in the database is taken all
the same, and is what makes two at once impossible. So the loss of the Lease ends nothing, and where the API server
refuses or says nothing, the database's turn alone decides, with a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.errors import LockmasterError
from lockmaster.events import Warned
from lockmaster.kube.lease import Lease, identity
from lockmaster.kube.lease_record import Timing, now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockmaster.clock import Clock
    from lockmaster.events import Emit

_HINT = "nothing is at risk: the turn in the database decides alone; --order database asks for no Lease"


def lease_name(of: str) -> str:
    """The Lease of one history in one database: all pods that migrate it have the same one. `of` is not told."""
    from hashlib import blake2b

    return f"lockmaster-{blake2b(of.encode(), digest_size=8).hexdigest()}"


class LeaseLine:
    """See `engine.ports.Line`. Nothing is loaded or asked before the first question."""

    def __init__(self, name: str, environ: Mapping[str, str], *, clock: Clock, emit: Emit) -> None:
        self._name, self._environ, self._clock, self._emit = name, environ, clock, emit
        self._lease: Lease | None = None
        self._ours = self._given_up = False
        self._next = 0.0  # not asked before: client-go's pace, which spares the API server

    def first(self) -> bool:
        if self._ours or self._given_up:
            return True
        if now() < self._next:
            return False
        self._next = now() + Timing().period
        try:
            lease = self._made()
            self._ours = lease.take(0.0)
        except LockmasterError as error:
            return self._go_without(error.message)
        if not self._ours and not lease.answered:
            return self._go_without(lease.state)
        return self._ours

    def others(self) -> str:
        return self._lease.others if self._lease is not None else ""

    def leave(self) -> None:
        if self._lease is not None and self._ours:
            self._ours, self._next = False, 0.0
            self._lease.release()

    def _made(self) -> Lease:
        if self._lease is None:
            from lockmaster.kube.api import connect

            self._lease = Lease(connect(self._environ), self._name, identity(self._environ), self._clock)
        return self._lease

    def _go_without(self, why: str) -> bool:
        self._given_up = True
        self._emit(Warned(f"no order by the Lease {self._name}: {why}", _HINT))
        return True
