"""Events of preparation steps in words; loaded when there is one."""

from __future__ import annotations

from lockmaster import step_events as s
from lockmaster.cli import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.words import Level

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def level_of(event: object) -> Level:
    """See `words.level_of`."""
    match event:
        case s.InStep():
            return words.level_of(event.event)
        case s.StepRetrying():
            return "warning"
        case s.StepBegun() | s.Running():
            return "debug"
        case s.Noted():
            return "info" if event.loud else "debug"
    return "info"


def describe(event: object) -> str:  # noqa: C901, PLR0911 - one line per kind of event
    """See `words.describe`."""
    match event:
        case s.InStep():
            return f"[{event.step}] {words.describe(event.event)}"
        case s.StepBegun():
            return f"[{event.step}] begins ({event.number}/{event.total})"
        case s.StepSkipped():
            return f"[{event.step}] skipped: {event.cause}"
        case s.StepDone():
            return f"[{event.step}] {event.text}, {words.elapsed(event.seconds)}"
        case s.StepRetrying():
            pause = words.elapsed(event.pause)
            return f"[{event.step}] {event.cause} (attempt {event.attempt} of {event.attempts} in {pause})"
        case s.TargetSeen():
            return f"{event.target}: {event.state} ({words.elapsed(event.waited)})"
        case s.Changed():
            return f"{event.what}: {event.how}"
        case s.Transferring():
            return _transfer(event)
        case s.Compared():
            return f"{event.what} changes: {event.diff}"
        case s.Running():
            return f"running {event.command}"
        case s.Noted():
            return event.text
        case s.ChildSpoke():
            return f"{event.command} | {event.line}"
    return str(event)


def _transfer(event: s.Transferring) -> str:
    speed = f", {size(int(event.done / event.seconds))}/s" if event.seconds >= 1 else ""
    if event.total:
        return f"{event.what}: {event.done * 100 // event.total} % of {size(event.total)}{speed}"
    return f"{event.what}: {size(event.done)}{speed}"


def size(count: int) -> str:
    """Bytes as people say them: 1.5 MiB."""
    number, unit = float(count), 0
    while number >= 1024 and unit < len(_UNITS) - 1:
        number, unit = number / 1024, unit + 1
    return f"{number:.1f} {_UNITS[unit]}" if unit and number < 100 else f"{number:.0f} {_UNITS[unit]}"
