"""Plain aligned columns."""

from __future__ import annotations

from lockmaster.cli.escape import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """One line per row, columns two blanks apart; a column that is empty below its header is left out."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) if any(column[1:]) else 0 for column in zip(*cells, strict=True)]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width)
        yield line.rstrip()
