"""One look at one target: what a probe is given, and what it gives back."""

from __future__ import annotations

import time

from lockmaster.settings.durations import render_duration
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from lockmaster.prepare.steps.wait.spec import Wanted


class Seen(NamedTuple):
    """What a look found. `state` is for people: `connection refused`; of a ready target it may be empty."""

    ready: bool
    state: str = ""
    absent: bool = False  # it is certain that nothing is there: refused, no such file, no such name


class NotReadyError(Exception):
    """It answers, and what it answers is not what is waited for. The text says what."""


class Target(NamedTuple):
    """One thing that is waited for."""

    wanted: Wanted  # as it was written; holds secrets
    shown: str  # what logs and errors call it: without any secret
    folder: str  # relative paths start here
    environ: Mapping[str, str] = {}
    memory: dict[str, Any] | None = None  # of a probe that goes on between two looks; its own for each target


class Look:
    """The time that one look may take, and what it is at: told when there is no answer."""

    __slots__ = ("_ends", "doing", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.doing = "starting"
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that remain, more than none. Raises TimeoutError when it is over."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def no_answer(self) -> Seen:
        """What a look found that got no answer."""
        return Seen(ready=False, state=f"{self.doing}: no answer within {render_duration(self.seconds)}")
