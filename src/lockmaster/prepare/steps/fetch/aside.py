"""Work that blocks in somebody else's code, done in a thread of its own so that nobody has to wait for it.

Clients have time limits of their own, or none; a server that sends a byte a second passes most of them. So whoever
waits here looks at the wish to stop, at the deadline and at what has come, and leaves the thread alone when one of
them says so. A thread that was left sees it at its next byte (`Pulse.beat` raises) and touches nothing any more.
"""

from __future__ import annotations

import os
import select
import threading
from typing import TYPE_CHECKING, TypeVar

from lockmaster.errors import UnreachableError
from lockmaster.prepare.steps.fetch.ports import Transient
from lockmaster.step_events import Transferring

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.prepare.context import Context

T = TypeVar("T")
_LEAST = 1024  # bytes that count as a sign of life
_QUIET = 5.0  # seconds: what takes less is not told of
_SLICE = 1.0


class Abandoned(BaseException):
    """Raised in a thread that nobody waits for any more."""


class Pulse:
    """What the thread tells of itself, and whether anybody still listens."""

    def __init__(self) -> None:
        self.done, self.total = 0, -1
        self.left = False
        self.marks = 0  # changes with each sign of life
        self._since = 0

    def beat(self, count: int = _LEAST) -> None:
        """So many bytes more. Raises Abandoned when nobody waits for them."""
        if self.left:
            raise Abandoned
        self._since += count
        if self._since >= _LEAST:
            self._since, self.marks = 0, self.marks + 1


def aside(work: Callable[[Pulse], T], context: Context, what: str, stall: float) -> T:
    """What `work` returns or raises. Raises StoppedError, Transient (it stalled), UnreachableError (the deadline)."""
    pulse = Pulse()
    results: list[T] = []
    failures: list[BaseException] = []
    read, write = os.pipe()

    def run() -> None:
        try:
            results.append(work(pulse))
        except BaseException as error:  # noqa: BLE001 - carried to the thread that waits
            failures.append(error)
        finally:
            os.close(write)  # its end, told to the other side

    threading.Thread(target=run, name="fetch", daemon=True).start()
    try:
        _watch(read, pulse, context, what, stall)
    finally:
        pulse.left = True
        os.close(read)
    if failures:
        raise failures[0]
    return results[0]


def _watch(read: int, pulse: Pulse, context: Context, what: str, stall: float) -> None:
    """Return when the thread has ended."""
    clock = context.clock
    began = alive = told = clock.now()
    marks = pulse.marks
    while True:
        limit = min(_SLICE, context.deadline.left(), max(0.0, alive + stall - clock.now()))
        ready, _, _ = select.select([read, context.stop.fileno()], [], [], limit)
        context.stop.check()
        if read in ready:
            return
        now = clock.now()
        if context.deadline.over():
            raise UnreachableError(
                f"{what} was not there in time: {_seen(pulse)}", hint="is the server slow, or the time limit?"
            )
        if pulse.marks != marks:
            marks, alive = pulse.marks, now
        elif now - alive >= stall:
            raise Transient(f"{what} stalled: {_seen(pulse)}, next to nothing in {stall:g} s")
        if now - told >= _QUIET and pulse.done:
            told = now
            context.emit(Transferring(what, pulse.done, pulse.total if pulse.total >= 0 else None, now - began))


def _seen(pulse: Pulse) -> str:
    of = f" of {pulse.total}" if pulse.total >= 0 else ""
    return f"{pulse.done}{of} bytes came" if pulse.done else "no answer"
