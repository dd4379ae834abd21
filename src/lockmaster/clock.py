"""Time as a value that is handed in, so that tests can bend it.

Two things live here: the real clock, and the jittered growing pause that all waiting is made of.
"""

from __future__ import annotations

import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random
    from typing import Protocol

    from lockmaster.stop import Stop

    class Clock(Protocol):
        """Seconds that only go forward. ``sleep`` may return early; callers look at ``now`` again."""

        def now(self) -> float: ...
        def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The monotonic clock of the machine. A sleep ends at once, with StoppedError, when stopping was requested."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        select.select([self._stop], [], [], seconds)
        self._stop.check()


class Deadline:
    """A point in time after which waiting is over. ``None`` seconds means never."""

    __slots__ = ("_at", "_clock", "seconds")

    def __init__(self, clock: Clock, seconds: float | None) -> None:
        self._clock = clock
        self.seconds = seconds
        self._at = None if seconds is None else clock.now() + seconds

    def left(self) -> float:
        """Seconds that remain, never negative; infinity without a limit."""
        return float("inf") if self._at is None else max(0.0, self._at - self._clock.now())

    def over(self) -> bool:
        return self.left() <= 0.0


def pauses(first: float, most: float, rng: Random | None = None) -> Iterator[float]:
    """Pauses in seconds that grow from `first` to `most`, each with full jitter between half and whole.

    Jitter keeps a herd that was woken together from coming back together.
    """
    from _random import Random as Fast  # the `random` module would load hashlib for what is not needed here

    draw = rng.random if rng else Fast().random
    pause = first
    while True:
        yield pause * (0.5 + draw() / 2)
        pause = min(most, pause * 1.5)


def share(peers: int) -> float:
    """How much less often each of many waiters asks, so that all of them together ask as often as three would.

    Somebody still sees within a second that a holder died without a word; the others are told by that one's NOTIFY.
    """
    return max(1.0, peers / 3)
