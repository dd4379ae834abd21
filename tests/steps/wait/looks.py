"""One look at one target, and the command as a process with what it said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lockmaster.prepare.steps.wait import causes, schemes
from lockmaster.prepare.steps.wait.looking import Look, Seen, Target
from lockmaster.prepare.steps.wait.spec import Wanted
from lockmaster.prepare.types import Duration

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def look(url: str, *, folder: Path | str = "", limit: float = 5.0, **details: Any) -> Seen:
    """Take one look, as the step does."""
    wanted = Wanted(url=url, limit=Duration(limit), **{key: _text(value) for key, value in details.items()})
    probe = schemes.probe_of(wanted)
    return causes.seen(probe, Target(wanted, probe.check(wanted), str(folder)), Look(limit))


def _text(value: Any) -> Any:
    return value if isinstance(value, str | int | dict) else str(value)


def events(run: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """The lines of its log, which is JSON where there is no terminal."""
    return [json.loads(line) for line in run.stderr.splitlines()]


def changes(run: subprocess.CompletedProcess[str], target: str = "") -> list[str]:
    """The states that it told of a target, in their order."""
    seen = [event for event in events(run) if event["event"] == "target-seen"]
    return [event["state"] for event in seen if target in ("", event["target"])]
