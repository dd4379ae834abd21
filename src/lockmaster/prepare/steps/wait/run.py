"""Wait until every target is ready, as a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.clock import Deadline
from lockmaster.errors import UnreachableError
from lockmaster.prepare.context import Outcome
from lockmaster.prepare.steps.wait import schemes
from lockmaster.prepare.steps.wait.looking import Target
from lockmaster.prepare.steps.wait.watch import Watched, watch
from lockmaster.settings.durations import render_duration
from lockmaster.settings.secret import passwords

if TYPE_CHECKING:
    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.wait.spec import Wait, Wanted

DEFAULT_LIMIT, EVERY = 300.0, 1.0  # seconds for all of it, and between two looks; where nobody says


def run(spec: Wait, context: Context) -> Outcome:
    """All targets ready: each was so once, which is enough. Raises UnreachableError, StoppedError, UsageError."""
    watched = [_watched(wanted, context) for wanted in spec.wanted()]
    if context.deadline.seconds is None:
        context = context._replace(deadline=Deadline(context.clock, DEFAULT_LIMIT))
    if not watch(watched, float(spec.every or EVERY), context):
        raise _late(watched, context.deadline)
    return Outcome(changed=False, text=f"{_count(len(watched))} ready")


def _watched(wanted: Wanted, context: Context) -> Watched:
    schemes.require_client(wanted)
    _hide(wanted, context)
    probe = schemes.probe_of(wanted)
    shown = wanted.name or probe.check(wanted)
    return Watched(Target(wanted, shown, context.folder, context.environ, {}), probe)


def _hide(wanted: Wanted, context: Context) -> None:
    for secret in (*passwords(wanted.url), wanted.password):
        context.hide(secret)
    for name, value in (wanted.headers or {}).items():
        if any(word in name.lower() for word in ("auth", "cookie", "key", "token", "secret", "passw")):
            context.hide(value)
            context.hide(value.partition(" ")[2])  # Bearer TOKEN


def _late(watched: list[Watched], deadline: Deadline) -> UnreachableError:
    missing = [item for item in watched if not item.ready]
    after = f"after {render_duration(deadline.seconds)}"
    if len(watched) == 1:
        message, details = f"{missing[0].target.shown} is not ready {after}: {missing[0].last}", {}
    else:
        names = ", ".join(item.target.shown for item in missing)
        message = f"{len(missing)} of {_count(len(watched))} not ready {after}: {names}"
        details = {"seen last": "\n".join(f"{item.target.shown}: {item.last}" for item in missing)}
    hint = "is the address right, and is it running? a longer wait is timeout: of the step, or --timeout"
    return UnreachableError(message, hint=hint, details=details)


def _count(number: int) -> str:
    return f"{number} target{'' if number == 1 else 's'}"
