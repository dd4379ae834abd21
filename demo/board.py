"""What is shown: a live board on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from demo.replica import Replica
    from demo.truth import Verdict

_STYLE = {
    "ready": "bold green", "migrating": "bold yellow", "killed": "bold red", "failed": "bold red",
    "waiting": "cyan", "starting": "dim",
}  # fmt: skip
_SIGN = {"ready": "●", "migrating": "▶", "killed": "✖", "failed": "✖", "waiting": "◌", "starting": "·"}


class Board:
    """Redraws when it is told to; a line per change where there is no terminal."""

    def __init__(self, console: Console, names: list[str]) -> None:
        self._console, self._names = console, names
        self._live = Live(console=console, refresh_per_second=20, transient=True) if console.is_terminal else None
        self._said: dict[str, str] = {}
        self._began = time.monotonic()
        self._notes: list[str] = []
        self._last = Group()
        self.frames: list[Group] = []  # for the picture: before the kill, after somebody else took over, the end

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()
            self._console.print(self._last)

    def note(self, text: str) -> None:
        """Something that the demo does to them."""
        self.frames.append(self._last)
        self._notes.append(f"{time.monotonic() - self._began:5.1f}s  {text}")
        if not self._live:
            self._console.print(self._notes[-1], style="bold", highlight=False)

    def show(self, replicas: list[Replica], applied: list[str]) -> None:
        self._last = self._draw(replicas, applied)
        if len(self.frames) == 1 and any(replica.holds and not replica.killed for replica in replicas):
            self.frames.append(self._last)
        if self._live:
            self._live.update(self._last)
            return
        for replica in replicas:
            detail = f" ({replica.detail})" if replica.state != "waiting" and replica.detail else ""
            text = f"{replica.name}: {replica.state}{detail}"
            if self._said.get(replica.name) != text:
                self._said[replica.name] = text
                self._console.print(f"{time.monotonic() - self._began:5.1f}s  {text}", highlight=False, soft_wrap=True)

    def _draw(self, replicas: list[Replica], applied: list[str]) -> Group:
        table = Table(box=None, padding=(0, 2), expand=False)
        for column in ("replica", "state", "starts", "working on"):
            table.add_column(column, style="" if column != "starts" else "dim", no_wrap=True)
        current = next((name for name in self._names if name not in applied), "")
        for replica in replicas:
            style = _STYLE[replica.state]
            doing = (
                current if replica.holds else replica.detail if replica.state in {"killed", "failed", "ready"} else ""
            )
            state = Text(f"{_SIGN[replica.state]} {replica.state}", style)
            table.add_row(replica.name, state, str(replica.starts), doing)
        done = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=len(self._names), completed=len(applied), width=40)
        done.add_row(bar, f"{len(applied)} of {len(self._names)} applied")
        notes = Text("\n".join(self._notes), style="bold red")
        return Group(Panel(Group(table, Text(), done), title="lockmaster: 5 replicas, 1 database", expand=False), notes)

    def conclude(self, verdict: Verdict, replicas: list[Replica]) -> None:
        """The verdict, read from the database."""
        ready = sum(replica.ready for replica in replicas)
        seconds = time.monotonic() - self._began
        restarted = [replica.name for replica in replicas if replica.starts > 1]
        good = "bold green" if not verdict.faults and ready == len(replicas) else "bold red"
        once = "" if verdict.faults else ", each exactly once: by the history and by their effects"
        lines = [(f"  ✖ {fault}", "bold red") for fault in verdict.faults] + [
            (
                f"{verdict.applied} of {len(self._names)} migrations applied{once}",
                good,
            ),
            (f"killed with -9 in the middle and restarted: {', '.join(restarted) or 'nobody'}", ""),
            (f"{ready} of {len(replicas)} ready after {seconds:.1f}s", good),
        ]
        for text, style in lines:
            self._console.print(text, style=style, highlight=False, soft_wrap=True)
        self.frames.append(Group(self._last, *(Text(text, style) for text, style in lines)))

    def picture(self, path: str) -> None:
        """Three moments of this run as SVG, without anything that a viewer would fetch from elsewhere."""
        console = Console(record=True, width=92, file=io.StringIO(), force_terminal=True)
        for frame in self.frames:
            console.print(frame)
        svg = re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="make demo"), flags=re.DOTALL)
        Path(path).write_text(re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL))
