"""What happened, as values. Console text, JSON lines and the termination message are renderings of the same events.

What happens in preparation steps is in `lockmaster.step_events`.

Named tuples and not dataclasses: twenty frozen dataclasses cost 11 ms of CPU at import, and every pod pays start-up.
"""

from __future__ import annotations

from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster import step_events as steps
    from lockmaster.errors import LockmasterError


class Waiting(NamedTuple):
    """Something is waited for. Emitted once per cause and again as time passes."""

    what: str  # "database", "turn", "level", "lock"
    cause: str
    waited: float  # seconds so far
    limit: float | None  # seconds; None: without a limit
    holder: str = ""  # of the turn, as its session or its Lease is called


class Connected(NamedTuple):
    """A session is open. `database` is masked."""

    database: str
    server: str  # "PostgreSQL 15.18", "SQLite 3.40.1"
    pooler: str  # "" or what kind of pooler is in between


class Planned(NamedTuple):
    """Folder and history were compared. Under the turn when `binding`; else only for showing."""

    format: str
    applied: int
    pending: tuple[str, ...]
    ahead: tuple[str, ...]
    binding: bool


class TurnTaken(NamedTuple):
    """This process may change the schema now."""

    waited: float


class TurnLost(NamedTuple):
    """The turn went away (a script dropped it, the session ended); it is taken again before anything else."""

    cause: str


class Applying(NamedTuple):
    """A migration is being sent, with `more` that follow it in the same message. `number` counts from 1."""

    migration: str
    number: int
    total: int
    more: int = 0


class Applied(NamedTuple):
    """A migration is in effect and recorded. `seconds`: how long it took; None when it was sent together with others."""

    migration: str
    seconds: float | None
    number: int
    total: int


class Progress(NamedTuple):
    """A long statement tells how far it is."""

    migration: str
    statement: str
    state: str


class Retrying(NamedTuple):
    """A piece gave way to live traffic and is tried again after `pause` seconds."""

    migration: str
    cause: str
    attempt: int
    pause: float


class Recovered(NamedTuple):
    """A record that an interrupted run left was understood."""

    migration: str
    how: str


class Warned(NamedTuple):
    """Something a person should know, that stops nothing."""

    message: str
    hint: str = ""


class Ready(NamedTuple):
    """The schema is at the level of this folder: the application may start."""

    level: str
    applied: int  # by this run
    total: int
    seconds: float
    ahead: tuple[str, ...] = ()


class Failed(NamedTuple):
    """The run ends with an error."""

    error: LockmasterError


if TYPE_CHECKING:
    Event = (
        Waiting
        | Connected
        | Planned
        | TurnTaken
        | TurnLost
        | Applying
        | Applied
        | Progress
        | Retrying
        | Recovered
        | Warned
        | Ready
        | Failed
        | steps.InStep
        | steps.Compared
        | steps.StepBegun
        | steps.StepSkipped
        | steps.StepDone
        | steps.StepRetrying
        | steps.TargetSeen
        | steps.Changed
        | steps.Transferring
        | steps.ChildSpoke
        | steps.Running
        | steps.Noted
    )
    Emit = Callable[[Event], None]


def nowhere(event: Event) -> None:
    """Drop the event: the listener of callers that do not listen."""
