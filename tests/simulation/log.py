"""What happened in one world, for whoever has to understand a broken law: acts, stops, commits, events, ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.world import World


class Log:
    """Remembers everything and formats nothing until it is asked: thousands of worlds break no law."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lines: list[tuple[float, str, object]] = []

    def add(self, who: str, what: object) -> None:
        self._lines.append((self._world.time, who, what))

    def __str__(self) -> str:
        lines = [f"{time:9.3f}  {who:8}  {what}" for time, who, what in self._lines]
        return "\n".join(["", f"the whole run of {self._world.setup}:", *lines, ""])
