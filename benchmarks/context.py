"""What every measure is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.process import Runner
    from benchmarks.server import Server
    from benchmarks.tools import Tool


@dataclass(frozen=True)
class Context:
    """The server, the runner, a work folder and the tools; `missing` says why some are not there."""

    server: Server
    runner: Runner
    work: Path
    floor: Tool
    yardstick: Tool
    ours: list[Tool]
    peers: list[Tool]
    missing: dict[str, str]
    quick: bool

    @property
    def tools(self) -> list[Tool]:
        """Ours first, then the others."""
        return [*self.ours, *self.peers]

    def missing_notes(self) -> list[str]:
        """One line for each tool that is not there."""
        return [f"{name}: not available: {why}" for name, why in self.missing.items()]
