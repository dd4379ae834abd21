"""Engines in threads, of which one runs at a time: whoever has the baton runs until its next stop.

So a schedule is a list of names, and the same schedule is always the same run. A killed pod gets `Killed`, which is
no Exception; what it does while that unwinds it (`finally`) reaches nobody, as after kill -9.
"""

from __future__ import annotations

import threading
from _thread import allocate_lock
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.engine.results import MigrateResult
    from tests.simulation.client import SimSession
    from tests.simulation.folder import Image
    from tests.simulation.laws import Laws
    from tests.simulation.world import World


class Killed(BaseException):
    """The process is no more."""


class Pod:
    """One process. `outcome` is what it ended with; None while it runs, and after it was killed."""

    def __init__(self, world: World, name: str, kind: Literal["migrate", "gate"], image: Image) -> None:
        self.world, self.name, self.kind, self.image = world, name, kind, image
        self.laws: Laws = world.laws
        self.session: SimSession | None = None
        self.at = "start"  # the call in which it stands
        self.calls: list[str] = []
        self.losses = 0
        self.running = True
        self.killed = False
        self.saw_current = False  # its last read showed nothing to do
        self.outcome: MigrateResult | Exception | None = None
        self._wakes = 0.0
        self._woken = False
        self._baton, self._back = allocate_lock(), allocate_lock()
        self._baton.acquire()
        self._back.acquire()
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)

    def start(self, program: Callable[[], MigrateResult]) -> None:
        self._program = program
        self._thread.start()

    def _main(self) -> None:
        self._baton.acquire()
        try:
            self.living()
            self.outcome = self._program()
        except Killed:
            pass
        except Exception as error:  # noqa: BLE001 - every end is for the laws to judge
            self.outcome = error
        finally:
            self.running = False
            self._back.release()

    # ---- called by the scheduler --------------------------------------------------------------------------

    def advance(self) -> bool:
        """Run to the next stop; False when it has ended."""
        self._baton.release()
        self._back.acquire()
        if not self.running:
            self._thread.join()
        return self.running

    def kill(self) -> None:
        """Kill -9: unwinds the thread without any effect."""
        self.killed = True
        self.advance()

    def wake(self) -> None:
        """The holder announced that it is done."""
        self._wakes, self._woken = 0.0, True

    # ---- called by the engine -----------------------------------------------------------------------------

    def living(self) -> None:
        if self.killed:
            raise Killed

    def pause(self, at: str) -> None:
        """Stop here and give the baton back."""
        self.living()
        self.at = at
        if ":" not in at:
            self.calls.append(at)
        self._back.release()
        self._baton.acquire()
        self.living()

    def sleep(self, seconds: float) -> bool:
        """Time jumps to the end of the sleep when this pod is chosen: the others were slow."""
        self._wakes, self._woken = self.world.time + seconds, False
        self.pause("sleep")
        self.world.time = max(self.world.time, self._wakes)
        return self._woken


class SimClock:
    """See `clock.Clock`."""

    def __init__(self, pod: Pod) -> None:
        self._pod = pod

    def now(self) -> float:
        return self._pod.world.time

    def sleep(self, seconds: float) -> None:
        self._pod.laws.sleeps(self._pod, in_transaction=False)
        self._pod.sleep(seconds)
