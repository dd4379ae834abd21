"""What happens in preparation steps, as values; the events of a migration are in `lockmaster.events`.

A module of its own: a start that only migrates has no use for these, and every class costs start-up.
"""

from __future__ import annotations

from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class InStep(NamedTuple):
    """Something that happened while the step was running; steps that run side by side are told apart by it."""

    step: str
    event: Any  # any event, of a migration too


class StepBegun(NamedTuple):
    """A step starts. `number` counts from 1; steps that run side by side have a number each."""

    step: str
    kind: str
    number: int
    total: int


class StepSkipped(NamedTuple):
    """A step does not run, because its `if` says so."""

    step: str
    kind: str
    cause: str


class StepDone(NamedTuple):
    """A step succeeded. `changed` is False when all was as it should be before."""

    step: str
    kind: str
    changed: bool
    text: str
    seconds: float


class StepRetrying(NamedTuple):
    """A step failed and is tried again after `pause` seconds. `attempt` is the one to come, and counts from 1."""

    step: str
    cause: str
    attempt: int
    attempts: int
    pause: float


class TargetSeen(NamedTuple):
    """What is waited for has changed its state. Told once per state, not per look."""

    target: str  # without secrets
    ready: bool
    state: str
    waited: float


class Changed(NamedTuple):
    """One thing is different now: a file written, an owner set."""

    what: str
    how: str


class Transferring(NamedTuple):
    """A long transfer tells how far it is. Sizes are bytes; `total` is None where the other side does not say."""

    what: str
    done: int
    total: int | None
    seconds: float


class ChildSpoke(NamedTuple):
    """A line that a command of the user's wrote."""

    command: str
    stream: str  # "stdout", "stderr"
    line: str


class Running(NamedTuple):
    """A command of the user's begins, under the turn."""

    command: str


class Noted(NamedTuple):
    """Something on the side. `loud`: for everybody, else for who looks closely."""

    text: str
    loud: bool = False


class Compared(NamedTuple):
    """What changes in a file, as a unified diff of several lines, secrets masked."""

    what: str
    diff: str
