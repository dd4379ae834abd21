"""The bundle beside the virtual environment that it was made from: nothing pending, and then with a tenth of a core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import peers, tools
from benchmarks.limited import Limited, LimitMissingError
from benchmarks.migrations import sequence
from benchmarks.process import Invocation
from benchmarks.report import Table
from benchmarks.sampling import interleave
from tools.bundle import build, programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.context import Context
    from benchmarks.process import Sample

COUNT = 100
RUNS, QUICK_RUNS = 40, 5
LIMIT = 0.1
LIMITED_RUNS, QUICK_LIMITED_RUNS = 8, 2


def run(context: Context) -> Iterator[Table]:
    """Two tables: a whole core, and 100m."""
    commands, missing = _commands(context)
    for command in commands.values():
        context.runner.run(command)  # the work itself
    columns = ["command", "wall ms min", "wall ms median", "CPU ms min", "CPU ms median", "peak MiB"]
    ours = {name: command for name, command in commands.items() if "prisma" not in name}
    table = Table("bundle", f"Nothing pending, {COUNT} applied: the bundle beside the virtual environment", columns)
    _fill(table, context, ours, QUICK_RUNS if context.quick else RUNS)
    yield table
    slow = Table("bundle-100m", f"Nothing pending, {COUNT} applied, with 100m of CPU (cgroup quota)", columns)
    try:
        with Limited(LIMIT) as limited:
            held = {
                name: Invocation([*limited.prefix, *command.argv], command.cwd, command.env)
                for name, command in commands.items()
            }
            _fill(slow, context, held, QUICK_LIMITED_RUNS if context.quick else LIMITED_RUNS)
    except LimitMissingError as error:
        slow.notes.append(f"not available: {error}")
    slow.notes += [f"{name}: not available: {why}" for name, why in missing.items()]
    slow.notes.append("Prisma with its JavaScript engine; the server is outside the limit.")
    yield slow


def _fill(table: Table, context: Context, commands: dict[str, Invocation], runs: int) -> None:
    measured: dict[str, Callable[[], Sample]] = {
        name: (lambda command=command: context.runner.run(command)) for name, command in commands.items()
    }
    outcome = interleave(measured, runs=runs)
    for name, summary in outcome.summaries.items():
        table.rows.append({
            "command": name, "wall ms min": summary.wall_min, "wall ms median": summary.wall_median,
            "CPU ms min": summary.cpu_min, "CPU ms median": summary.cpu_median, "peak MiB": summary.peak_mib,
        })  # fmt: skip
    table.notes.append(f"{runs} runs each, interleaved.")
    table.notes += [f"{name}: failed: {why}" for name, why in outcome.failures.items()]


def _commands(context: Context) -> tuple[dict[str, Invocation], dict[str, str]]:
    missing: dict[str, str] = {}
    target = context.server.target("bundle")
    context.server.fresh("bundle")
    folder = context.work / "bundle"
    folder.mkdir()
    commands = {"bare python": context.floor.command(folder, target)}
    script = tools.lockmaster_script()
    script.prepare(folder, sequence(COUNT))
    commands["lockmaster, venv"] = script.command(folder, target)
    if reason := programs.compilers():
        missing["bundle"] = reason
    else:
        root = build.bundle(context.work / "made" / "lockmaster").root
        arguments = commands["lockmaster, venv"].argv[1:]
        commands["lockmaster, bundle"] = Invocation([str(root / "lockmaster"), *arguments], folder)
    try:
        prisma = tools.prisma().command(folder, target)
    except (tools.ToolMissingError, peers.PeerMissingError) as error:
        missing["prisma"] = str(error)
    else:
        npx = ["npx", "prisma", "migrate", "deploy"]
        commands["npx prisma migrate deploy"] = Invocation(npx, folder, {**prisma.env, "DATABASE_URL": target.url()})
    return commands, missing
