"""One step, run in this process, with what it said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from lockmaster.prepare.alone import World, alone
from lockmaster.prepare.steps.render.spec import Spec
from lockmaster.step_events import Changed, Compared
from lockmaster.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lockmaster.prepare.context import Outcome


@dataclass
class Step:
    """Runs `render` in a folder with an environment of its own; `events` are those of the last run."""

    folder: Path
    stop: Stop
    env: dict[str, str] = field(default_factory=dict)
    events: list[Any] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    deadline: float | None = None

    def __call__(self, source: str, target: str, **fields: Any) -> Outcome:
        self.events.clear()
        spec = msgspec.convert({"from": source, "to": target, **fields}, Spec)
        world = World(self.env, str(self.folder), self.events.append, self.stop, self.hidden.append, self.deadline)
        return alone("render", spec, world)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def names(self, folder: str = "") -> list[str]:
        return sorted(path.name for path in (self.folder / folder).iterdir())

    def text(self, template: str, name: str = "t.j2", **fields: Any) -> str:
        """What comes of a template."""
        self.write(name, template)
        self(name, "made", **fields)
        return (self.folder / "made").read_bytes().decode()

    def changed(self) -> list[str]:
        return [f"{event.what}: {event.how}" for event in self.events if isinstance(event, Changed)]

    def diff(self) -> str:
        return "".join(event.diff for event in self.events if isinstance(event, Compared))


@pytest.fixture
def step(tmp_path: Path) -> Iterator[Step]:
    stop = Stop()
    yield Step(tmp_path, stop, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    stop.close()
