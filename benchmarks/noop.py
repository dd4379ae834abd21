"""Nothing is pending: what every start of every pod pays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.delay import DelayProxy
from benchmarks.migrations import sequence
from benchmarks.process import CommandError
from benchmarks.report import Table
from benchmarks.sampling import Outcome, Summary, interleave

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.context import Context
    from benchmarks.process import Sample
    from benchmarks.server import Target
    from benchmarks.tools import Tool

COUNTS = (1, 100, 1000)
ORDINARY = 100  # the size of an ordinary folder
ROUND_TRIPS_MS = (1, 5, 15)
RUNS, QUICK_RUNS = 15, 5


@dataclass(frozen=True)
class Prepared:
    """A tool with its folder and a database in which all of it is applied."""

    tool: Tool
    folder: Path
    target: Target


def run(context: Context) -> Iterator[Table]:
    """Local for each size, then at a distance with 100 migrations."""
    for count in COUNTS[:2] if context.quick else COUNTS:
        prepared, failures = prepare(context, count)
        yield _local(context, count, prepared, failures)
        if count == ORDINARY:
            yield _distant(context, prepared)


def prepare(context: Context, count: int) -> tuple[list[Prepared], dict[str, str]]:
    """Let each tool apply its folder once; one that cannot is named with its reason."""
    prepared, failures = [], {}
    for number, tool in enumerate(context.tools):
        folder = context.work / f"noop-{count}-{number}"
        folder.mkdir()
        tool.prepare(folder, sequence(count))
        database = f"noop_{count}_{number}"
        context.server.fresh(database)
        one = Prepared(tool, folder, context.server.target(database))
        try:
            context.runner.run(tool.command(folder, one.target))
        except CommandError as error:
            failures[tool.name] = str(error)
        else:
            prepared.append(one)
    return prepared, failures


def _local(context: Context, count: int, prepared: list[Prepared], failures: dict[str, str]) -> Table:
    runs = QUICK_RUNS if context.quick else RUNS
    measurements = {one.tool.name: _measure(context, one, one.target) for one in prepared}
    floor = context.floor
    floor_command = floor.command(context.work, context.server.target("postgres"))
    measurements = {floor.name: lambda: context.runner.run(floor_command)} | measurements
    outcome = interleave(measurements, runs=runs, warm_up=2)
    table = Table(
        f"noop-{count}",
        f"Nothing pending, {count} applied, TCP on this machine",
        ["tool", "wall ms min", "wall ms median", "CPU ms min", "CPU ms median", "CPU / bare", "peak MiB",
         "connections", "statements", "turns"],
    )  # fmt: skip
    bare = outcome.summaries[floor.name].cpu_min
    by_name = {one.tool.name: one for one in prepared}
    for name, summary in outcome.summaries.items():
        asked = _asked(context, by_name[name]) if name in by_name else {}
        table.rows.append({"tool": name, **_numbers(summary, bare), **asked})
    _add_notes(table, context, failures | outcome.failures, runs)
    return table


def _measure(context: Context, one: Prepared, target: Target) -> Callable[[], Sample]:
    invocation = one.tool.command(one.folder, target)
    return lambda: context.runner.run(invocation)


def _numbers(summary: Summary, bare: float) -> dict[str, str | int | float | None]:
    return {
        "wall ms min": summary.wall_min,
        "wall ms median": summary.wall_median,
        "CPU ms min": summary.cpu_min,
        "CPU ms median": summary.cpu_median,
        "CPU / bare": summary.cpu_min / bare,
        "peak MiB": summary.peak_mib,
    }


def _asked(context: Context, one: Prepared) -> dict[str, str | int | float | None]:
    """What one run of the tool asks of the server: by the server's log, and turns by the proxy."""
    server = context.server
    server.log_statements(on=True)
    mark = server.log_mark()
    with DelayProxy(one.target.host, one.target.port, 0.0) as proxy:
        context.runner.run(one.tool.command(one.folder, one.target.through(proxy.port)))
        turns = proxy.counts().turns
    counts = server.log_counts(mark)
    server.log_statements(on=False)
    return {"connections": counts.connections, "statements": counts.statements, "turns": turns}


def _distant(context: Context, prepared: list[Prepared]) -> Table:
    runs = QUICK_RUNS if context.quick else RUNS
    table = Table(
        "noop-distant",
        "Nothing pending, 100 applied, wall ms (min / median) with an added round trip",
        ["tool", *(f"{ms} ms" for ms in ROUND_TRIPS_MS)],
    )
    rows: dict[str, dict[str, str | int | float | None]] = {one.tool.name: {"tool": one.tool.name} for one in prepared}
    failures: dict[str, str] = {}
    for ms in ROUND_TRIPS_MS:
        outcome = _at_distance(context, prepared, ms, runs)
        failures |= outcome.failures
        for name, summary in outcome.summaries.items():
            rows[name][f"{ms} ms"] = f"{summary.wall_min:.0f} / {summary.wall_median:.0f}"
    table.rows = list(rows.values())
    _add_notes(table, context, failures, runs)
    return table


def _at_distance(context: Context, prepared: list[Prepared], ms: int, runs: int) -> Outcome:
    with DelayProxy("127.0.0.1", context.server.port, ms / 1000) as proxy:
        measurements = {one.tool.name: _measure(context, one, one.target.through(proxy.port)) for one in prepared}
        return interleave(measurements, runs=runs)


def _add_notes(table: Table, context: Context, failures: dict[str, str], runs: int) -> None:
    table.notes.append(f"{runs} runs each, interleaved, after warm-up; password by SCRAM, no TLS.")
    table.notes += [f"{name}: failed: {why}" for name, why in failures.items()]
    table.notes += context.missing_notes()
