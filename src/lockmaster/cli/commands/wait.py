"""lockmaster wait: until everything that is named on the command line is ready."""

from __future__ import annotations

import os

from lockmaster.settings.durations import duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lockmaster.cli.app import Call
    from lockmaster.prepare.types import Duration

_TEXTS = ("until", "gone", "status", "body", "contains", "ca", "cert", "key")


def run(call: Call) -> int:
    from lockmaster.cli.step_world import world
    from lockmaster.prepare.alone import alone
    from lockmaster.prepare.steps.wait import line

    details: dict[str, Any] = {key: call.flags[key] for key in _TEXTS if key in call.flags}
    if headers := call.listed("header"):
        details["headers"] = dict(line.header(text) for text in headers)
    if call.asked("insecure"):
        details["insecure"] = True
    limit, every = _time(call, "limit"), _time(call, "every")
    spec = line.spec(call.words, details, os.environ, limit=limit, every=every)
    alone("wait", spec, world(call)._replace(deadline=_seconds(call)))
    return 0


def _seconds(call: Call) -> float | None:
    """--timeout and --deadline: the shorter one; 0 is no limit."""
    limits = [call.options.deadline] if call.options.deadline else []
    if "timeout" in call.flags:
        limits.append(_of(call, "timeout") or float("inf"))
    return min(limits) if limits else None


def _time(call: Call, flag: str) -> Duration | None:
    from lockmaster.prepare.types import Duration

    return Duration(_of(call, flag)) if flag in call.flags else None


def _of(call: Call, flag: str) -> float:
    from lockmaster.errors import UsageError

    try:
        return duration(call.flags[flag])
    except UsageError as error:
        raise UsageError(f"flag --{flag}: {error.message}", hint=error.hint) from None
