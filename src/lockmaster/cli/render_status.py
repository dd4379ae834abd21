"""A status report as a table for people, or as JSON."""

from __future__ import annotations

from lockmaster.cli.escape import one_line
from lockmaster.cli.render_table import aligned
from lockmaster.cli.words import elapsed
from lockmaster.settings.secret import mask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.engine.results import StatusReport, StatusRow

_COLORS = {"applied": "32", "pending": "33", "open": "31", "missing": "31", "edited": "31"}
_HEAD = ("MIGRATION", "STATE", "APPLIED AT", "TOOK", "BY", "NOTE")


def as_text(report: StatusReport, *, color: bool) -> str:
    """The table, and below it what it comes to."""
    table = list(aligned([_HEAD, *map(_cells, report.rows)])) if report.rows else ["no migrations"]
    if color:
        table[1:] = [_painted(line, row) for line, row in zip(table[1:], report.rows, strict=True)]
    return "\n".join([*table, "", *_summary(report)])


def as_json(report: StatusReport) -> str:
    """Every field under its name."""
    import json

    return json.dumps(report._asdict() | {"rows": [row._asdict() for row in report.rows]})


def _cells(row: StatusRow) -> tuple[str, ...]:
    took = "" if row.seconds is None else elapsed(row.seconds)
    return (row.label, row.state, row.applied_at, took, row.applied_by, mask(row.note))


def _painted(line: str, row: StatusRow) -> str:
    code = _COLORS.get(row.state)
    return f"\x1b[{code}m{line}\x1b[0m" if code else line


def _summary(report: StatusReport) -> list[str]:
    counts: dict[str, int] = {}
    for row in report.rows:
        counts[row.state] = counts.get(row.state, 0) + 1
    states = ", ".join(f"{count} {state}" for state, count in counts.items())
    lines = [f"{'current' if report.current else 'behind'}: {states or 'nothing'}"]
    lines += [f"turn: {one_line(report.holder)}"] if report.holder else []
    return [*lines, f"{report.format} history {report.history} in {mask(report.database)}"]
