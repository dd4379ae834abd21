"""`python -m benchmarks`: measure, print the tables, write results.json and RESULTS.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import apply, bundle, herd, noop, once, report, steps, tools
from benchmarks.context import Context
from benchmarks.machine import describe
from benchmarks.process import Runner
from benchmarks.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.report import Table

MEASURES: dict[str, Callable[[Context], Iterator[Table]]] = {
    "noop": noop.run,
    "apply": apply.run,
    "herd": herd.run,
    "once": once.run,
    "steps": steps.run,
    "bundle": bundle.run,
}


def main(arguments: list[str] | None = None) -> int:
    """Exit 0 when all was measured that could be."""
    options = _options(arguments)
    ours = tools.collect(tools.OURS)
    peers = tools.collect({name: tools.PEERS[name] for name in options.peers})
    with (
        tempfile.TemporaryDirectory(prefix="lockmaster-bench-") as work,
        Server(options.server) as server,
        Runner() as runner,
    ):
        context = Context(
            server=server,
            runner=runner,
            work=Path(work),
            floor=tools.bare_python(),
            yardstick=tools.psql(server.psql),
            ours=ours.tools,
            peers=peers.tools,
            missing=ours.missing | peers.missing,
            quick=options.quick,
        )
        machine = describe(_versions(context))
        tables = _measure(context, options.only)
    report.write(machine, tables, options.output)
    print(f"written: results.json and RESULTS.md in {options.output}")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer runs, sizes and waiters: a minute, not half an hour"
    )
    parser.add_argument("--only", action="append", choices=MEASURES, help="this measure alone; may be repeated")
    parser.add_argument(
        "--peers",
        type=_peer_list,
        default=list(tools.PEERS),
        metavar="LIST",
        help=f"comma-separated, of {', '.join(tools.PEERS)}; empty for none",
    )
    parser.add_argument("--server", default="wheel18", help="a server's name as in tests/support/sources.py")
    parser.add_argument("--output", type=Path, default=report.FOLDER, help="the folder for the two files")
    return parser.parse_args(arguments)


def _peer_list(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    if unknown := [name for name in names if name not in tools.PEERS]:
        msg = f"unknown peer {unknown[0]!r}; there are: {', '.join(tools.PEERS)}"
        raise argparse.ArgumentTypeError(msg)
    return names


def _measure(context: Context, only: list[str] | None) -> list[Table]:
    tables = []
    for name in only or MEASURES:
        for table in MEASURES[name](context):
            report.show(table)
            tables.append(table)
    return tables


def _versions(context: Context) -> dict[str, str]:
    named = [context.floor, context.yardstick, *context.tools]
    return {"PostgreSQL": context.server.version()} | {tool.name: tool.version for tool in named}


if __name__ == "__main__":
    sys.exit(main())
