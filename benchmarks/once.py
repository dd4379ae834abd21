"""A command that was run before: what `exec` costs a pod that has nothing to do, beside the commands themselves."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from benchmarks import peers, tools
from benchmarks.migrations import sequence
from benchmarks.process import Invocation
from benchmarks.report import Table
from benchmarks.sampling import interleave

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.context import Context
    from benchmarks.process import Sample

COUNT = 100
RUNS, QUICK_RUNS = 10, 3
OURS = [sys.executable, "-I", "-m", "lockmaster", "exec"]


def run(context: Context) -> Iterator[Table]:
    """One table: bare Python, exec with a key of its own and one of a folder, and what teams run without it."""
    runs = QUICK_RUNS if context.quick else RUNS
    commands, missing = _commands(context)
    for command in commands.values():
        context.runner.run(command)  # once for the work itself
    measured: dict[str, Callable[[], Sample]] = {
        name: (lambda command=command: context.runner.run(command)) for name, command in commands.items()
    }
    floor = context.floor.command(context.work, context.server.target("postgres"))
    outcome = interleave({context.floor.name: lambda: context.runner.run(floor)} | measured, runs=runs, warm_up=1)
    columns = ["command", "wall ms min", "wall ms median", "CPU ms min", "peak MiB"]
    table = Table("once", f"A command with nothing to do, {COUNT} applied", columns)
    for name, summary in outcome.summaries.items():
        table.rows.append({
            "command": name, "wall ms min": summary.wall_min, "wall ms median": summary.wall_median,
            "CPU ms min": summary.cpu_min, "peak MiB": summary.peak_mib,
        })  # fmt: skip
    table.notes.append(f"{runs} runs each, interleaved; Prisma with its JavaScript engine.")
    table.notes += [f"{name}: failed: {why}" for name, why in outcome.failures.items()]
    table.notes += [f"{name}: not available: {why}" for name, why in missing.items()]
    yield table


def _commands(context: Context) -> tuple[dict[str, Invocation], dict[str, str]]:
    """Each on a database of its own, in a project of its own; and what is missing."""
    missing: dict[str, str] = {}
    commands: dict[str, Invocation] = {}
    for make in (_node_pg_migrate, _prisma):
        try:
            commands |= make(context)
        except (tools.ToolMissingError, peers.PeerMissingError) as error:
            missing[make.__name__.strip("_")] = str(error)
    return commands, missing


def _project(context: Context, name: str) -> tuple[Path, str]:
    folder = context.work / name
    folder.mkdir()
    context.server.fresh(name)
    return folder, context.server.target(name).url()


def _node_pg_migrate(context: Context) -> dict[str, Invocation]:
    tool = tools.node_pg_migrate()
    folder, url = _project(context, "once_npm")
    tool.prepare(folder, sequence(COUNT))
    modules = peers.node_pg_migrate().parents[2]
    (folder / "node_modules").symlink_to(modules)
    package = {"private": True, "scripts": {"migrate": "node-pg-migrate up -m migrations"}}
    (folder / "package.json").write_text(json.dumps(package))
    npm = ["npm", "run", "migrate"]
    env = {"DATABASE_URL": url}
    return {
        "npm run migrate": Invocation(npm, folder, env),
        "exec --once KEY -- npm run migrate": Invocation([*OURS, "--once", "app@1", "--", *npm], folder, env),
        "exec --once-of migrations -- npm ...": Invocation([*OURS, "--once-of", "migrations", "--", *npm], folder, env),
    }


def _prisma(context: Context) -> dict[str, Invocation]:
    tool = tools.prisma()
    folder, url = _project(context, "once_prisma")
    tool.prepare(folder, sequence(COUNT))
    command = tool.command(folder, context.server.target("once_prisma"))
    npx = ["npx", "prisma", "migrate", "deploy"]
    env = {**command.env, "DATABASE_URL": url}
    return {
        "npx prisma migrate deploy": Invocation(npx, folder, env),
        "exec -- npx prisma migrate deploy": Invocation([*OURS, "--", *npx], folder, env),
    }
