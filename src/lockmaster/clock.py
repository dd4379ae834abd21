"""Time as a value that is handed in, so that tests can bend it.

Two things live here: the real clock, and the jittered growing pause that all waiting is made of.
"""

from __future__ import annotations

import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from random import Random
    from typing import Protocol

    from lockmaster.stop import Stop

    class Descriptor(Protocol):
        def fileno(self) -> int: ...

    class Clock(Protocol):
        """Seconds that only go forward. ``sleep`` may return early; callers look at ``now`` again."""

        def now(self) -> float: ...
        def sleep(self, seconds: float) -> None: ...


def ready(read: Iterable[Descriptor | int], seconds: float, write: Iterable[Descriptor | int] = ()) -> bool:
    """Wait until one of these can be read (or written), for so long at most; whether one can.

    By poll(): select() refuses descriptors from 1024 on, and a host program may have that many open.
    """
    waiter = select.poll()
    for one in read:
        waiter.register(one, select.POLLIN)
    for one in write:
        waiter.register(one, select.POLLOUT)
    return bool(waiter.poll(max(0.0, min(seconds, _DAY)) * 1000))


_DAY = 24 * 3600.0  # poll() counts milliseconds in an int


class SystemClock:
    """The monotonic clock of the machine. A sleep ends at once, with StoppedError, when stopping was requested."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        ready([self._stop], seconds)
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
    draw, pause = _draw(rng), first
    while True:
        yield pause * (0.5 + draw() / 2)
        pause = min(most, pause * 1.5)


def _draw(rng: Random | None) -> Callable[[], float]:
    from _random import Random as Fast  # the `random` module would load hashlib for what is not needed here

    return rng.random if rng else Fast().random


class Rhythm:
    """When one of several waiters looks again.

    Who is told of the end by the holder looks less often the more they are, so that all of them together ask as often
    as three would: somebody still sees within a second that a holder died without a word, and tells the others. Who
    is not told has to look by himself.
    """

    def __init__(self, rng: Random | None = None) -> None:
        self._draw = _draw(rng)
        self._quick = pauses(0.2, 2.0, rng)
        self._first = True

    def pause(self, peers: int, *, told: bool) -> float:
        """Seconds until the next look."""
        if not told or peers <= _FEW:
            return next(self._quick)
        # those who came together are spread over the whole of it at first, or nobody would look for long
        jitter = self._draw() if self._first else 0.5 + self._draw() / 2
        self._first = False
        return 2.0 * share(peers) * jitter


_FEW = 3


def share(peers: int) -> float:
    """How much less often one of these may do what all of them together should do no more often than three."""
    return max(1.0, peers / _FEW)
