"""A hundred replicas wait for one: how soon they are let go, and what they cost the database meanwhile.

The replicas are real `lockmaster migrate` processes. The holder's commit is the server's own time of it
(track_commit_timestamp), the release is when a replica's process is gone: same clock, same machine. The
database's cost is the CPU time of every process of the server between two moments of the wait.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import migrations as formats
from benchmarks.report import Cell, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.context import Context
    from benchmarks.process import Invocation
    from benchmarks.server import Server

WAITERS, QUICK_WAITERS = 100, 20
_MIB_EACH = 48
_HOLDER_SECONDS = 10
_START_SECONDS_EACH = 0.2
_WATCH_SECONDS = 4.0
_GIVE_UP_SECONDS = 60.0
_DATABASE = "herd"


@dataclass(frozen=True)
class Released:
    """When a replica was gone, in epoch seconds, and how."""

    at: float
    status: int


@dataclass(frozen=True)
class Waiting:
    """What the wait cost: CPU of the whole server as a share of one core, and who was there."""

    core_share: float
    sessions: int
    alive: int


def run(context: Context) -> Iterator[Table]:
    """Give one table; empty but for the reasons when Lockmaster is not there."""
    table = Table(
        "herd",
        "Replicas waiting for one that migrates",
        ["waiters", "release ms median", "p95", "last", "exit 0", "server CPU, % of a core", "idle server, %",
         "sessions"],
    )  # fmt: skip
    if context.ours:
        table.rows.append(_measure(context))
    table.notes += [
        "Release: from the server's commit of the last migration until the replica's process is gone.",
        f"They share {len(os.sched_getaffinity(0))} cores: the last one waits for the others to end, too.",
    ]
    table.notes += context.missing_notes()
    yield table


def _measure(context: Context) -> dict[str, Cell]:
    count = min(QUICK_WAITERS if context.quick else WAITERS, _memory_mib() // _MIB_EACH)
    seconds = _HOLDER_SECONDS + count * _START_SECONDS_EACH
    invocation = _prepare(context, seconds)
    idle = _core_share(context.server, _WATCH_SECONDS / 2)
    holder = _start(invocation)
    _until_working(context.server)
    processes = [holder, *(_start(invocation) for _ in range(count))]
    waiting = _watch_the_wait(context.server, processes)
    released = _reap(processes)
    committed = _commit_time(context.server)
    delays = sorted((one.at - committed) * 1000 for one in released[1:])
    return {
        "waiters": count,
        "release ms median": median(delays),
        "p95": delays[int(len(delays) * 0.95) - 1],
        "last": delays[-1],
        "exit 0": sum(one.status == 0 for one in released),
        "server CPU, % of a core": waiting.core_share * 100,
        "idle server, %": max(0.0, idle) * 100,
        "sessions": waiting.sessions,
    }


def _prepare(context: Context, seconds: float) -> Invocation:
    folder = context.work / "herd"
    folder.mkdir()
    slow = formats.Migration(
        "20240101000000", "slow", f"CREATE TABLE slow (id int);\nSELECT pg_sleep({seconds:.1f});"
    )
    formats.write_prisma(folder, [slow])
    context.server.fresh(_DATABASE)
    return context.ours[0].command(folder, context.server.target(_DATABASE))


def _start(invocation: Invocation) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        invocation.argv,
        cwd=invocation.cwd,
        env=invocation.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _until_working(server: Server) -> None:
    """Return when the holder is inside its migration."""
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'herd' AND wait_event = 'PgSleep'"
    deadline = time.monotonic() + _GIVE_UP_SECONDS
    while server.sql(busy).strip() == "0":
        if time.monotonic() > deadline:
            msg = "the holder never began its migration"
            raise TimeoutError(msg)
        time.sleep(0.05)


def _watch_the_wait(server: Server, processes: list[subprocess.Popen[bytes]]) -> Waiting:
    """Let all of them arrive and settle, then watch."""
    time.sleep(len(processes) * _START_SECONDS_EACH / 2 + 2)
    share = _core_share(server, _WATCH_SECONDS)
    there = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'herd'"
    return Waiting(share, int(server.sql(there)), sum(one.poll() is None for one in processes))


def _core_share(server: Server, seconds: float) -> float:
    before, started = _server_cpu(server.pid), time.monotonic()
    time.sleep(seconds)
    return (_server_cpu(server.pid) - before) / (time.monotonic() - started)


def _server_cpu(postmaster: int) -> float:
    """CPU seconds of the postmaster, of its children alive, and of those that are gone."""
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    alive = sum(_run_seconds(pid) for pid in (str(postmaster), *children))
    fields = Path(f"/proc/{postmaster}/stat").read_text().rpartition(")")[2].split()
    gone = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    return alive + gone


def _run_seconds(pid: str) -> float:
    """CPU seconds of one process, exact: the hundredths of `stat` are too coarse for an idle backend."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def _reap(processes: list[subprocess.Popen[bytes]]) -> list[Released]:
    """Note each end at the moment it comes, in the order of the processes."""
    ends: dict[int, Released] = {}
    with selectors.DefaultSelector() as selector:
        for process in processes:
            selector.register(os.pidfd_open(process.pid), selectors.EVENT_READ, process)
        while len(ends) < len(processes):
            ready = selector.select(_GIVE_UP_SECONDS)
            now = time.time()
            if not ready:
                _end_all(processes)
            for key, _ in ready:
                ends[key.data.pid] = Released(now, key.data.wait())
                selector.unregister(key.fd)
                os.close(key.fd)
    return [ends[process.pid] for process in processes]


def _end_all(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.kill()


def _commit_time(server: Server) -> float:
    """When the last record was committed, by the server's clock."""
    query = "SELECT max(extract(epoch FROM pg_xact_commit_timestamp(xmin))) FROM _prisma_migrations"
    return float(server.sql(query, _DATABASE))


def _memory_mib() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return QUICK_WAITERS * _MIB_EACH
