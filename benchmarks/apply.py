"""Everything is pending: small migrations, one process, beside `psql -f` of the same blocks."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.delay import DelayProxy
from benchmarks.migrations import sequence
from benchmarks.report import Cell, Table
from benchmarks.sampling import Measurement, Outcome, interleave

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.context import Context
    from benchmarks.process import Sample
    from benchmarks.server import Target
    from benchmarks.tools import Tool


@dataclass(frozen=True)
class Case:
    """One table: how many migrations, how far away, how many runs."""

    count: int
    round_trip_ms: int
    runs: int

    @property
    def place(self) -> str:
        """Where the database is, in words."""
        return f"{self.round_trip_ms} ms added round trip" if self.round_trip_ms else "Unix socket"


CASES = (
    Case(100, 0, 7),
    Case(100, 1, 3),
    Case(100, 5, 3),
    Case(1000, 0, 5),
    Case(1000, 1, 1),
    Case(1000, 5, 1),
)
QUICK_CASES = (Case(100, 0, 3), Case(100, 5, 1))


def run(context: Context) -> Iterator[Table]:
    """Give one table for each case, and one on what distance adds."""
    outcomes: dict[Case, Outcome] = {}
    for case in QUICK_CASES if context.quick else CASES:
        outcomes[case] = _measure_case(context, case)
        yield _table(context, case, outcomes[case])
    yield _distance(outcomes)


def _measure_case(context: Context, case: Case) -> Outcome:
    tools = (context.yardstick, *context.ours[:1], *context.peers)
    with ExitStack() as stack:
        target = context.server.target("apply", socket=True)
        if case.round_trip_ms:
            proxy = stack.enter_context(DelayProxy("127.0.0.1", context.server.port, case.round_trip_ms / 1000))
            target = target.through(proxy.port)
        measurements = {tool.name: _measurement(context, tool, case, target) for tool in tools}
        return interleave(measurements, runs=case.runs, warm_up=0 if case.round_trip_ms else 1)


def _measurement(context: Context, tool: Tool, case: Case, target: Target) -> Measurement:
    folder = _folder(context, tool, case.count)
    invocation = tool.command(folder, target)

    def measure() -> Sample:
        context.server.fresh("apply")
        return context.runner.run(invocation)

    return measure


def _folder(context: Context, tool: Tool, count: int) -> Path:
    folder = context.work / f"apply-{count}-{''.join(filter(str.isalnum, tool.name))}"
    if not folder.exists():
        folder.mkdir()
        tool.prepare(folder, sequence(count))
    return folder


def _table(context: Context, case: Case, outcome: Outcome) -> Table:
    yardstick = context.yardstick.name
    table = Table(
        f"apply-{case.count}-{case.round_trip_ms}ms",
        f"{case.count} migrations applied to an empty database, {case.place}",
        ["tool", "wall ms min", "wall ms median", f"wall / {yardstick}", "CPU ms min", "peak MiB"],
    )
    base = outcome.summaries.get(yardstick)
    for name, summary in outcome.summaries.items():
        table.rows.append(
            {
                "tool": name,
                "wall ms min": summary.wall_min,
                "wall ms median": summary.wall_median,
                f"wall / {yardstick}": summary.wall_min / base.wall_min if base else None,
                "CPU ms min": summary.cpu_min,
                "peak MiB": summary.peak_mib,
            }
        )
    table.notes.append(f"{case.runs} runs each, interleaved; a new database and a checkpoint before each run.")
    table.notes += [f"{name}: failed: {why}" for name, why in outcome.failures.items()]
    table.notes += context.missing_notes()
    return table


def _distance(outcomes: dict[Case, Outcome]) -> Table:
    """Seconds that a round trip adds to the same work beside the server."""
    beside = {case.count: outcome for case, outcome in outcomes.items() if not case.round_trip_ms}
    distant = {case: outcome for case, outcome in outcomes.items() if case.round_trip_ms}
    columns = {case: f"{case.count} at {case.round_trip_ms} ms, s more" for case in distant}
    table = Table("apply-distance", "What the distance adds to applying", ["tool", *columns.values()])
    for name in next(iter(beside.values())).summaries:
        row: dict[str, Cell] = {"tool": name}
        for case, outcome in distant.items():
            near, far = beside[case.count].summaries.get(name), outcome.summaries.get(name)
            row[columns[case]] = (far.wall_min - near.wall_min) / 1000 if near and far else None
        table.rows.append(row)
    return table
