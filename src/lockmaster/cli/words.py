"""Events in words: one sentence each, and how loud it is. Shared by the renderings, so that they say the same."""

from __future__ import annotations

from lockmaster import events as e
from lockmaster.settings.durations import render_duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from lockmaster.events import Event

    Level = Literal["debug", "info", "warning", "error"]

_LEVELS: dict[type, Level] = {
    e.Connected: "debug",
    e.Applying: "debug",
    e.TurnTaken: "debug",
    e.Retrying: "warning",
    e.TurnLost: "warning",
    e.Warned: "warning",
    e.Failed: "error",
}
_WAITED_FOR = {"database": "the database", "turn": "the turn", "level": "the schema", "lock": "a table lock"}


def level_of(event: Event) -> Level:
    """Shown with --verbose only ("debug"), not with --quiet ("info"), or always."""
    if isinstance(event, e.Planned) and not event.pending:
        return "debug"
    if isinstance(event, e.Connected) and event.pooler:  # what it is taken for decides how everything is done
        return "info"
    if type(event).__module__ != e.__name__:
        from lockmaster.cli import step_words

        return step_words.level_of(event)
    return _LEVELS.get(type(event), "info")


def describe(event: Event) -> str:  # noqa: C901, PLR0911, PLR0912 - one line per kind of event
    """The event as one sentence. Text of the server is in it as it came: mask and escape the result."""
    match event:
        case e.Ready():
            done = f"{event.applied} applied" if event.applied else "nothing to apply"
            level = f" at {event.level}" if event.level else ""
            return f"ready{level}: {done}, {event.total} in all, {elapsed(event.seconds)}"
        case e.Waiting():
            limit = f" of {render_duration(event.limit)}" if event.limit is not None else ""
            cause = f": {event.cause}" if event.cause else ""
            what = _WAITED_FOR.get(event.what, event.what)
            return f"waiting for {what}{cause} ({elapsed(event.waited)}{limit})"
        case e.Applied():
            took = "" if event.seconds is None else f" in {elapsed(event.seconds)}"
            return f"applied {event.migration}{took} ({event.number}/{event.total})"
        case e.Applying():
            more = f" and {event.more} more" if event.more else ""
            return f"applying {event.migration}{more} ({event.number}/{event.total})"
        case e.Planned():
            ahead = f", {len(event.ahead)} ahead" if event.ahead else ""
            return f"{event.format}: {event.applied} applied, {len(event.pending)} pending{ahead}"
        case e.Connected():
            pooler = f" through a pooler ({event.pooler})" if event.pooler else ""
            return f"connected to {event.database}: {event.server}{pooler}"
        case e.TurnTaken():
            return f"took the turn after {elapsed(event.waited)}"
        case e.TurnLost():
            return f"lost the turn: {event.cause}"
        case e.Progress():
            return f"{event.migration}: {event.state}: {first_line(event.statement)}"
        case e.Retrying():
            pause = elapsed(event.pause)
            return f"{event.migration} gave way: {event.cause} (attempt {event.attempt}, again in {pause})"
        case e.Recovered():
            return f"recovered {event.migration}: {event.how}"
        case e.Warned():
            return event.message
        case e.Failed():
            return event.error.message
    from lockmaster.cli import step_words

    return step_words.describe(event)


def elapsed(seconds: float) -> str:
    """A measured time, as exact as a person wants it."""
    rounded = round(seconds, 3 if seconds < 1 else 1 if seconds < 60 else 0)
    return render_duration(rounded) if rounded else "0ms"


def first_line(text: str, most: int = 60) -> str:
    """The beginning of a statement: enough to recognise it."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 3] + "..."


class Pacer:
    """Lets one waiting event through per cause, and then one every ten seconds: a log is no metronome.

    That a pooler is in between is told once, however often a connection is opened through it.
    """

    def __init__(self, every: float = 10.0) -> None:
        self._every = every
        self._shown: dict[str, tuple[str, float]] = {}
        self._poolers: set[e.Connected] = set()
        self._of_steps: dict[str, Pacer] = {}

    def lets_through(self, event: Event) -> bool:
        inner = getattr(event, "event", None)
        if inner is not None:  # of a step; steps that run side by side have a pace each
            pacer = self._of_steps.setdefault(event.step, Pacer(self._every))  # type: ignore[union-attr]
            return pacer.lets_through(inner)
        if isinstance(event, e.Connected) and event.pooler:
            known = event in self._poolers
            self._poolers.add(event)
            return not known
        if not isinstance(event, e.Waiting):
            return True
        cause, waited = self._shown.get(event.what, ("", -1.0))
        if cause == event.cause and waited >= 0 and waited <= event.waited < waited + self._every:
            return False
        self._shown[event.what] = (event.cause, event.waited)
        return True
