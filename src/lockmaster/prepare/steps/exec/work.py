"""The work of the errand: the command, from its start to its end, while the turn is proven again and again."""

from __future__ import annotations

import os
import re
import signal
import threading
from contextlib import suppress

from lockmaster.clock import Deadline, pauses
from lockmaster.engine.failures import LostConnectionError, LostTurnError, ServerError
from lockmaster.errors import CommandFailedError, StoppedError
from lockmaster.faults import ErrandFault, reach
from lockmaster.prepare.child import Child
from lockmaster.step_events import ChildSpoke, StepRetrying

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lockmaster.clock import Clock
    from lockmaster.engine.ports import Keeper
    from lockmaster.events import Emit
    from lockmaster.prepare.steps.exec.order import Order
    from lockmaster.stop import Stop

# what clients print when the herd has used up the connections (53300), in the words of the servers
_CROWDED = re.compile(
    r"\b53300\b|too many clients already|remaining connection slots are reserved|too many connections for (role|database)"
)
_CROWDED_TRIES = 10
_PASSED_ON = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH)  # beside those that ask us to end
_LAST_BYTES = 2000


class Relay:
    """Hands some signals to a command from the moment that it is made, also those that come before there is one.

    Only the main thread may; made in another one it does nothing.
    """

    def __init__(self) -> None:
        self._child: Child | None = None
        self._missed: list[int] = []
        main = threading.current_thread() is threading.main_thread()
        self._before = {number: signal.signal(number, self._pass) for number in _PASSED_ON} if main else {}

    def to(self, child: Child) -> None:
        """Hand them to this one."""
        self._child = child
        while self._missed:
            child.signal(self._missed.pop(0))

    def close(self) -> None:
        """What was done at them before is done again."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _pass(self, number: int, _: object) -> None:
        if self._child is None:
            self._missed.append(number)
        else:
            self._child.signal(number)


class Work:
    """Runs the command, again where that helps. `inner` is the stop of the keeper, which has to outlive ours."""

    def __init__(
        self, order: Order, *, emit: Emit, clock: Clock, deadline: Deadline, stop: Stop, inner: Stop,
        guarded: Callable[[], Sequence[int]],
    ) -> None:  # fmt: skip
        self._order, self._emit, self._clock, self._deadline = order, emit, clock, deadline
        self._stop, self._inner, self._guarded = stop, inner, guarded
        self._name = os.path.basename(order.argv[0])

    def __call__(self, keeper: Keeper) -> None:
        """Return when the command has ended with 0. Raises CommandFailedError, StoppedError, and what `hold` raises."""
        self._stop.part(self._inner)  # a signal is for the command first; until it has ended, the turn is proven
        try:
            self._until_done(keeper)
        finally:
            self._stop.join(self._inner)

    def _until_done(self, keeper: Keeper) -> None:
        pause, tried = pauses(1.0, 15.0), 0
        while True:
            code, lines = self._once(keeper)
            tried += 1
            if code == 0:
                return
            crowded = _CROWDED.search("\n".join(lines)) is not None
            tries = _CROWDED_TRIES if crowded else self._order.retries + 1 if _seen(code) in self._order.retry_on else 1
            if tried >= tries:
                raise self._failed(code, lines)
            seconds = min(next(pause), self._deadline.left())
            cause = "the server has no connection left for it" if crowded else f"ended with {_seen(code)}"
            self._emit(StepRetrying(self._name, cause, tried + 1, tries, seconds))
            self._rest(keeper, seconds)

    def _rest(self, keeper: Keeper, seconds: float) -> None:
        limit = Deadline(self._clock, seconds)
        while not limit.over():
            keeper.hold(limit.left(), (self._stop,))
            self._stop.check()

    def _once(self, keeper: Keeper) -> tuple[int, Sequence[str]]:
        """One run of the command: its exit code, and what it said last."""
        relay = Relay()  # before it can say a word that somebody answers with a signal
        try:
            return self._supervised(keeper, relay)
        finally:
            relay.close()

    def _supervised(self, keeper: Keeper, relay: Relay) -> tuple[int, Sequence[str]]:
        order = self._order
        child = Child(order.argv, order.environ, order.folder, keep=self._guarded(), speak=self._speak)
        reach(ErrandFault.STARTED)
        relay.to(child)
        try:
            while (code := child.ended()) is None:
                if self._stop.reason:
                    self._ask_to_end(keeper, child, signal.SIGINT if self._stop.reason == "SIGINT" else signal.SIGTERM)
                    self._stop.check()
                if self._deadline.over():
                    self._ask_to_end(keeper, child, signal.SIGTERM)
                    raise self._late(child.last_lines)  # noqa: TRY301 - as every other end of it
                keeper.hold(self._deadline.left(), (child, self._stop))
        except BaseException:
            child.kill()  # the turn is lost, or we are ending: nothing of it may go on
            with suppress(LostConnectionError, LostTurnError, ServerError, StoppedError):
                keeper.orphans(end=True)  # nor in the server, which would notice only when its statement ends
            raise
        return code, child.last_lines

    def _ask_to_end(self, keeper: Keeper, child: Child, number: int) -> None:
        """Pass the signal on, and give the command its time; the turn is held meanwhile."""
        child.signal(number)
        limit = Deadline(self._clock, self._order.grace)
        while child.ended() is None and not limit.over():
            keeper.hold(limit.left(), (child,))
        child.kill()

    def _speak(self, stream: str, line: str) -> None:
        self._emit(ChildSpoke(self._name, stream, line))

    def _failed(self, code: int, lines: Sequence[str]) -> CommandFailedError:
        return CommandFailedError(
            f"{self._order.shown} {_ending(code)}",
            hint="its own words say why; what it left in the database is for its own tool to tell",
            details=self._details(code, lines),
        )

    def _late(self, lines: Sequence[str]) -> CommandFailedError:
        return CommandFailedError(
            f"{self._order.shown} was ended: it took longer than {self._deadline.seconds or 0:.0f}s",
            hint="a longer --deadline (or timeout of the step), or a quicker command",
            details=self._details(None, lines),
        )

    def _details(self, code: int | None, lines: Sequence[str]) -> dict[str, str]:
        shown = {} if code is None else {"exit code": str(_seen(code))}
        return {"command": self._order.shown, **shown, "last lines": _tail(lines)}


def _seen(code: int) -> int:
    """As a shell has it: 128 and more for a signal."""
    return code if code >= 0 else 128 - code


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was ended by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")


def _tail(lines: Sequence[str]) -> str:
    """The last lines, as many as a termination message has room for."""
    kept: list[str] = []
    size = 0
    for line in reversed(lines):
        size += len(line.encode()) + 1
        if size > _LAST_BYTES and kept:
            break
        kept.append(line[-_LAST_BYTES:])
    return "\n".join(reversed(kept))
