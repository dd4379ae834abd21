"""Tables on the terminal, in results.json and in RESULTS.md: one content, three renderings."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.machine import Machine

FOLDER = Path(__file__).resolve().parent
_WIDTH = 140  # of a table that goes to a file
Cell = str | int | float | None


@dataclass
class Table:
    """One measure. A row has a value for each column that applies to it; notes stand below the table."""

    name: str
    title: str
    columns: list[str]
    rows: list[dict[str, Cell]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def cells(self) -> list[list[str]]:
        """Give the rows as text, in the order of the columns."""
        return [[as_text(row.get(column)) for column in self.columns] for row in self.rows]


def as_text(cell: Cell) -> str:
    """Render a value; a fraction with three digits."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.{max(0, 3 - len(str(int(abs(cell)))))}f}"
    return str(cell)


def show(table: Table) -> None:
    """Print one table, with rich where it is installed."""
    if importlib.util.find_spec("rich") is None:
        _show_plain(table)
    else:
        _show_rich(table)
    for note in table.notes:
        print(f"  {note}")
    print(flush=True)


def _show_rich(table: Table) -> None:
    from rich.console import Console
    from rich.table import Table as RichTable

    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
    drawn = RichTable(title=table.title, title_justify="left")
    for index, column in enumerate(table.columns):
        drawn.add_column(column, justify="left" if index == 0 else "right", no_wrap=index == 0)
    for cells in table.cells():
        drawn.add_row(*cells)
    console.print(drawn)


def _show_plain(table: Table) -> None:
    lines = [table.columns, *table.cells()]
    widths = [max(len(line[index]) for line in lines) for index in range(len(table.columns))]
    print(table.title)
    for line in lines:
        first, *others = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        print("  " + "  ".join([line[0].ljust(len(first)), *others]))


def write(machine: Machine, tables: list[Table], folder: Path = FOLDER) -> None:
    """Write results.json and RESULTS.md."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {"machine": asdict(machine), "tables": [asdict(table) for table in tables]}
    (folder / "results.json").write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    parts = [_markdown_head(machine), *(_markdown(table) for table in tables)]
    (folder / "RESULTS.md").write_text("\n".join(parts))


def _markdown_head(machine: Machine) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    lines = [
        "# Benchmarks, as measured",
        "",
        "Written by `make bench` (`python -m benchmarks`); all tools of a table ran in turn, in one run.",
        "",
        f"- Date: {machine.date}",
        f"- Machine: {machine.cores} cores, {machine.cpu}, {machine.memory_gib} GiB, {machine.system}",
        f"- Load before the run: {machine.load}",
        f"- Versions: {versions}",
        "",
    ]
    return "\n".join(lines)


def _markdown(table: Table) -> str:
    align = ["---", *("---:" for _ in table.columns[1:])]
    lines = [table.columns, align, *table.cells()]
    drawn = [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]
    return "\n".join([f"## {table.title}", "", *drawn, "", *(f"- {note}" for note in table.notes), ""])
