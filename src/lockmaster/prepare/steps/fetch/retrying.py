"""What may be different in a moment is tried again, with growing jittered pauses, until a count or the deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from lockmaster.clock import pauses
from lockmaster.errors import UnreachableError
from lockmaster.events import Warned
from lockmaster.prepare.steps.fetch.ports import Transient

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.prepare.context import Context

T = TypeVar("T")
_STEP = 1 << 20  # bytes: an attempt that kept so many counts as none


def retried(attempt: Callable[[], T], context: Context, retries: int, kept: Callable[[], int] = lambda: 0) -> T:
    """What `attempt` returns. `kept` says how many bytes are safe for the next one. Raises UnreachableError."""
    pause = pauses(0.5, 15.0)
    failures, safe = 0, kept()
    while True:
        try:
            return attempt()
        except Transient as error:
            if kept() >= safe + _STEP:
                failures, safe, pause = 0, kept(), pauses(0.5, 15.0)
            failures += 1
            seconds = max(next(pause), min(error.after, 60.0))
            if failures > retries or context.deadline.left() <= seconds:
                tries = f" ({failures} tries)" if failures > 1 else ""
                raise UnreachableError(f"{error.message}{tries}", hint=error.hint) from error
            context.emit(Warned(f"{error.message}; again in {seconds:.1f} s"))
            context.clock.sleep(seconds)
