"""A hundred replicas wait for one: how soon they are let go, and what they cost the database meanwhile.

The replicas are real `lockmaster migrate` processes. The holder's commit is the server's own time of it
(track_commit_timestamp), the release is when a replica's process is gone: same clock, same machine. The
database's cost is the CPU time of every process of the server between two moments of the wait.
"""

from __future__ import annotations

import os
import subprocess
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Self

from benchmarks import migrations as formats
from benchmarks.report import Cell, Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from benchmarks.context import Context
    from benchmarks.process import Invocation
    from benchmarks.server import Server

WAITERS, QUICK_WAITERS = 100, 20
_MIB_EACH = 48
_ARRIVAL_SECONDS = 60.0
_SETTLE_SECONDS = 8.0
_WATCH_SECONDS = 4.0
_GIVE_UP_SECONDS = 180.0
_DATABASE = "herd"
_SLOW = """CREATE TABLE slow (id int);
DO $$ BEGIN
  WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'bench_go') LOOP PERFORM pg_sleep(0.2); END LOOP;
END $$;"""


@dataclass(frozen=True)
class Released:
    """When a replica was gone, in epoch seconds, and how."""

    at: float
    status: int


@dataclass(frozen=True)
class Waiting:
    """What the wait cost: CPU of the whole server as a share of one core, and how many were connected."""

    core_share: float
    sessions: int


class Reaper:
    """Notes the end of each process when it comes, from a thread for each; ends what is left when it is left."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=WAITERS + 1)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._ends: list[Future[Released]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
        self._pool.shutdown()

    def watch(self, process: subprocess.Popen[bytes]) -> None:
        """Begin to wait for it."""
        self._processes.append(process)
        self._ends.append(self._pool.submit(_end_of, process))

    def ends(self) -> list[Released]:
        """Give all ends, in the order of `watch`; returns when the last one came."""
        return [one.result(_GIVE_UP_SECONDS) for one in self._ends]


def _end_of(process: subprocess.Popen[bytes]) -> Released:
    status = process.wait()  # without a timeout: with one, Python looks only every 50 ms
    return Released(time.time(), status)


def run(context: Context) -> Iterator[Table]:
    """Give one table; empty but for the reasons when Lockmaster is not there."""
    table = Table(
        "herd",
        "Replicas waiting for one that migrates",
        ["waiters", "release ms median", "p95", "last", "exit 0", "left before", "server CPU, % of a core",
         "idle server, %", "sessions"],
    )  # fmt: skip
    if context.ours:
        table.rows.append(_measure(context))
    table.notes += [
        "Release: from the server's commit of the last migration until the replica's process is gone.",
        "Left before: gone before that commit, so that the wait was not what was measured.",
        f"They share {len(os.sched_getaffinity(0))} cores: the last one waits for the others to end, too.",
    ]
    table.notes += context.missing_notes()
    yield table


def _measure(context: Context) -> dict[str, Cell]:
    count = min(QUICK_WAITERS if context.quick else WAITERS, _memory_mib() // _MIB_EACH)
    invocation = _prepare(context)
    idle = _core_share(context.server, _WATCH_SECONDS / 2)
    with Reaper() as reaper:
        reaper.watch(_start(invocation))
        _until_working(context.server)
        for _ in range(count):
            reaper.watch(_start(invocation))
        waiting = _watch_the_wait(context.server, count)
        _let_go(context.server)
        holder, *waiters = reaper.ends()
    committed = _commit_time(context.server)
    delays = sorted((one.at - committed) * 1000 for one in waiters)
    return {
        "waiters": count,
        "release ms median": median(delays),
        "p95": delays[int(len(delays) * 0.95) - 1],
        "last": delays[-1],
        "exit 0": sum(one.status == 0 for one in (holder, *waiters)),
        "left before": sum(delay < 0 for delay in delays),
        "server CPU, % of a core": waiting.core_share * 100,
        "idle server, %": max(0.0, idle) * 100,
        "sessions": waiting.sessions,
    }


def _prepare(context: Context) -> Invocation:
    """A folder with one migration, which ends when `_let_go` says so."""
    folder = context.work / "herd"
    folder.mkdir()
    formats.write_prisma(folder, [formats.Migration("20240101000000", "slow", _SLOW)])
    context.server.fresh(_DATABASE)
    context.server.sql("CREATE SCHEMA signal", _DATABASE)
    return context.ours[0].command(folder, context.server.target(_DATABASE))


def _let_go(server: Server) -> None:
    server.sql("CREATE TABLE signal.bench_go ()", _DATABASE)


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


def _watch_the_wait(server: Server, count: int) -> Waiting:
    """Let all of them arrive and settle, then watch."""
    there = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'herd'"
    deadline = time.monotonic() + _ARRIVAL_SECONDS
    while int(server.sql(there)) <= count and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(_SETTLE_SECONDS)
    share = _core_share(server, _WATCH_SECONDS)
    return Waiting(share, int(server.sql(there)))


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


def _commit_time(server: Server) -> float:
    """When the last record was committed, by the server's clock."""
    query = "SELECT max(extract(epoch FROM pg_xact_commit_timestamp(xmin))) FROM _prisma_migrations"
    return float(server.sql(query, _DATABASE))


def _memory_mib() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return QUICK_WAITERS * _MIB_EACH
