"""One step, run in this process, with what it said."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from lockmaster.prepare.alone import World, alone
from lockmaster.prepare.steps.permissions.spec import Spec
from lockmaster.step_events import Changed, StepDone
from lockmaster.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lockmaster.prepare.context import Outcome


@dataclass
class Step:
    """Runs `permissions` with the given fields; `events` are those of the last run."""

    folder: Path
    stop: Stop
    events: list[Any] = field(default_factory=list)
    deadline: float | None = None

    def __call__(self, path: str | Path | list[str], **fields: Any) -> Outcome:
        self.events.clear()
        named = path if isinstance(path, list) else str(path)
        spec = Spec(path=named, **fields)
        world = World(os.environ, str(self.folder), self.events.append, self.stop, lambda _: None, self.deadline)
        return alone("permissions", spec, world)

    def told(self) -> list[str]:
        """Changes and warnings, as `what: how` and as messages."""
        events = [event for event in self.events if not isinstance(event, StepDone)]
        return [f"{event.what}: {event.how}" if isinstance(event, Changed) else event.message for event in events]


@pytest.fixture
def step(tmp_path: Path) -> Iterator[Step]:
    stop = Stop()
    yield Step(tmp_path, stop)
    stop.close()
