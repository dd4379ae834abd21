"""A Lease in front of a database's own turn: pods come one by one before they ask for it.

IT PROTECTS NOTHING, AND REPLACES NOTHING: A LEASE DOES NOT FENCE (see `lease`). The turn in the database is taken all
the same, and is what makes two at once impossible. So the loss of the Lease ends nothing, and where the API server
refuses or says nothing, the database's turn alone decides, with a warning. It is asked in a thread of its own: nobody
hangs in a request when the history says that nothing is left to do, or when SIGTERM comes.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from lockmaster.errors import LockmasterError
from lockmaster.events import Warned
from lockmaster.kube.lease import Lease, identity
from lockmaster.kube.lease_record import Timing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockmaster.clock import Clock
    from lockmaster.events import Emit

_HINT = "nothing is at risk: the turn in the database decides alone; --order database asks for no Lease"
_FREE = 0.5  # seconds that the first answer may take before it is said that we wait; a Lease that is free takes 0.2
_LEAVING = 1.0  # seconds that the next step of ours waits until the Lease is given back; it ends by itself, too


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
        self._why = ""  # there is no Lease to be had
        self._left: threading.Event | None = None  # while somebody stands in the line for us
        self._asked = threading.Event()  # the first answer is there, or that there is none
        self._mutex = threading.Lock()

    def first(self) -> bool:
        if self._left is None and not self._given_up:
            self._left = threading.Event()
            self._asked.clear()
            threading.Thread(target=self._stand, args=(self._left,), name="lease-line", daemon=True).start()
            self._asked.wait(_FREE)
        if self._why and not self._given_up:
            self._given_up = True
            self._emit(Warned(f"no order by the Lease {self._name}: {self._why}", _HINT))
        return self._ours or self._given_up

    def others(self) -> str:
        return self._lease.others if self._lease is not None else ""

    def leave(self) -> None:
        if self._left is None:
            return
        with self._mutex:
            self._left.set()
            self._left, ours, self._ours = None, self._ours, False
        if ours and self._lease is not None:
            thread = threading.Thread(target=self._lease.release, name="lease-leave", daemon=True)
            thread.start()
            thread.join(_LEAVING)
            self._given_up = self._given_up or thread.is_alive()  # it hangs: no more order in this run

    def _stand(self, left: threading.Event) -> None:
        """Try at client-go's pace, which spares the API server, until it is ours, nobody can tell, or we left."""
        try:
            lease = self._lease = self._made()
            while not lease.take(0.0):
                if not lease.answered:
                    self._why = lease.state
                    return
                self._asked.set()
                if left.wait(Timing().period):
                    return
            with self._mutex:
                if self._left is left:
                    self._ours = True
            if left.is_set():
                lease.release()
        except LockmasterError as error:
            self._why = error.message
        except Exception as error:  # noqa: BLE001 - a thread that died in silence would keep us in the line for ever
            self._why = f"{type(error).__name__}, which is a bug of Lockmaster"
        finally:
            self._asked.set()

    def _made(self) -> Lease:
        from lockmaster.kube.api import connect

        return Lease(connect(self._environ), self._name, identity(self._environ), self._clock)
