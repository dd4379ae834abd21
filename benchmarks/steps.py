"""Preparation steps: permissions beside `chown -R`, and what a step alone costs to start."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from benchmarks.process import Invocation
from benchmarks.report import Table
from benchmarks.sampling import interleave
from lockmaster.cli.table import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.context import Context
    from benchmarks.process import Sample
    from benchmarks.sampling import Summary

FILES, QUICK_FILES, PER_FOLDER = 100_000, 10_000, 1000
RUNS, QUICK_RUNS = 7, 3
_LOCKMASTER = [sys.executable, "-I", "-m", "lockmaster"]


def run(context: Context) -> Iterator[Table]:
    """Two tables."""
    yield _permissions(context)
    yield _start(context)


def _permissions(context: Context) -> Table:
    count = QUICK_FILES if context.quick else FILES
    table = Table(
        "permissions",
        f"Owner of {count:,} files in {count // PER_FOLDER} folders",
        ["command", "wall ms min", "wall ms median", "CPU ms min", "wall / chown", "CPU / chown", "peak MiB"],
    )
    if os.geteuid() != 0:
        table.notes.append("not measured: only root may change owners")
        return table
    root = _tree(context.work / "volume", count)
    numbers = _Numbers()

    def chown(owner: int) -> Invocation:
        return Invocation(["chown", "-R", f"{owner}:{owner}", str(root)], context.work)

    def ours(owner: int) -> Invocation:
        options = ["--recursive", "--quiet", "--owner", f"{owner}:{owner}"]
        return Invocation([*_LOCKMASTER, "permissions", str(root), *options], context.work)

    def measured(make: Callable[[int], Invocation], *, change: bool) -> Callable[[], Sample]:
        return lambda: context.runner.run(make(numbers.next() if change else numbers.now))

    outcome = interleave(
        {
            "chown -R, all right": measured(chown, change=False),
            "lockmaster, all right": measured(ours, change=False),
            "chown -R, all to change": measured(chown, change=True),
            "lockmaster, all to change": measured(ours, change=True),
        },
        runs=QUICK_RUNS if context.quick else RUNS,
    )
    for name, summary in outcome.summaries.items():
        peer = outcome.summaries["chown -R, " + name.partition(", ")[2]]
        table.rows.append({"command": name, **_columns(summary), **_ratios(summary, peer, "chown")})
    table.notes.append("chown -R changes each file each time, and with it the time of its last change (ctime).")
    table.notes += [f"{name}: failed: {why}" for name, why in outcome.failures.items()]
    shutil.rmtree(root)
    return table


def _start(context: Context) -> Table:
    folder = context.work / "start"
    (folder / "made").mkdir(parents=True)
    (folder / "values.yaml").write_text("NAME: x\n")
    for name, text in (("plain", "a $NAME\n"), ("jinja.j2", "a {{ NAME }}\n")):
        (folder / name).write_text(text)
    commands = {
        "bare python": [sys.executable, "-I", "-c", "pass"],
        "permissions, one file": [*_LOCKMASTER, "permissions", "plain", "--mode", "u+r"],
        "render, envsubst": [*_LOCKMASTER, "render", "plain", "made/", "--set", "NAME=x"],
        "render, Jinja": [*_LOCKMASTER, "render", "jinja.j2", "made/", "--set", "NAME=x"],
        "render, Jinja and YAML": [*_LOCKMASTER, "render", "jinja.j2", "made/", "--vars", "values.yaml"],
    }
    if "wait" in COMMANDS:
        commands["wait, a port that is open"] = [*_LOCKMASTER, "wait", f"tcp://127.0.0.1:{context.server.port}"]
    invocations = {name: Invocation(argv, folder) for name, argv in commands.items()}
    outcome = interleave(
        {name: lambda one=one: context.runner.run(one) for name, one in invocations.items()},  # type: ignore[misc]
        runs=QUICK_RUNS if context.quick else 2 * RUNS,
        warm_up=2,
    )
    table = Table(
        "steps-start",
        "A step alone, with nothing to do",
        ["command", "wall ms min", "wall ms median", "CPU ms min", "wall / bare", "CPU / bare", "peak MiB"],
    )
    bare = outcome.summaries["bare python"]
    for name, summary in outcome.summaries.items():
        table.rows.append({"command": name, **_columns(summary), **_ratios(summary, bare, "bare")})
    table.notes += [f"{name}: failed: {why}" for name, why in outcome.failures.items()]
    return table


class _Numbers:
    """Owners: a new one for a run that is to change everything."""

    def __init__(self) -> None:
        self.now = 10_000

    def next(self) -> int:
        self.now += 1
        return self.now


def _tree(root: Path, count: int) -> Path:
    for number in range(count // PER_FOLDER):
        folder = root / f"{number:03}"
        folder.mkdir(parents=True)
        for file in range(PER_FOLDER):
            (folder / f"{file:04}").touch()
    shutil.chown(root, 10_000, 10_000)
    for path in root.rglob("*"):
        shutil.chown(path, 10_000, 10_000)
    return root


def _columns(summary: Summary) -> dict[str, str | int | float | None]:
    return {
        "wall ms min": summary.wall_min,
        "wall ms median": summary.wall_median,
        "CPU ms min": summary.cpu_min,
        "peak MiB": summary.peak_mib,
    }


def _ratios(summary: Summary, peer: Summary, name: str) -> dict[str, str | int | float | None]:
    return {f"wall / {name}": summary.wall_min / peer.wall_min, f"CPU / {name}": summary.cpu_min / peer.cpu_min}
