"""A folder, a database, and the real program as a process: what every test here is made of."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg2
import psycopg2.extensions

from tests.support.database import Database

INHERITED = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
LIMIT = 60.0


class Ended(NamedTuple):
    """A run that is over."""

    status: int
    out: str
    err: str
    last_words: bytes  # the termination message

    @property
    def text(self) -> str:
        return self.out + self.err


class Run:
    """A process of the program, writing into files, so that it never waits for a reader."""

    def __init__(self, argv: Sequence[str], env: dict[str, str], folder: Path, number: int) -> None:
        self._files = [folder / f"run-{number}.{name}" for name in ("out", "err", "log")]
        with self._files[0].open("wb") as out, self._files[1].open("wb") as err:
            env = {"LOCKMASTER_TERMINATION_LOG": str(self._files[2]), **env}
            self.process = subprocess.Popen(argv, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    @property
    def err(self) -> str:
        """What it has said so far."""
        return self._files[1].read_text(errors="replace")

    def running(self) -> bool:
        return self.process.poll() is None

    def end(self, limit: float = LIMIT) -> Ended:
        """Wait for its end; one that does not end is killed and fails the test."""
        try:
            status = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not end within {limit:.0f} s; it said:\n{self.err}") from None
        out, err, log = (file.read_bytes() if file.exists() else b"" for file in self._files)
        return Ended(status, out.decode(errors="replace"), err.decode(errors="replace"), log)

    def kill(self) -> None:
        if self.running():
            self.process.kill()
            self.process.wait(10)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)


class Pause:
    """A point of the protocol (faults.py) at which a run waits until it is let go."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def at(self, point: str) -> str:
        """Give the text for LOCKMASTER_FAULT; `point` may end in @3 for the third time."""
        return f"{point}=pause:{self._path}"

    def wait(self, limit: float = 30.0) -> None:
        """Wait until a run is there."""
        until(self._path.exists, f"a run reaches {self._path.name}", limit)

    def let_go(self) -> None:
        self._path.unlink()


class Lab:
    """One folder of migrations and one database, for many runs."""

    def __init__(self, folder: Path, url: str) -> None:
        self.home, self.url = folder, url
        self.dir = folder / "migrations"
        self.dir.mkdir(exist_ok=True)
        self.env: dict[str, str] = {}
        self._runs: list[Run] = []

    def write(self, name: str, script: str | bytes) -> Path:
        """Write one native migration; `name` without .sql."""
        path = self.dir / f"{name}.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(script.encode() if isinstance(script, str) else script)
        return path

    def write_prisma(self, name: str, script: str, provider: str = "postgresql") -> Path:
        """Write one Prisma migration."""
        path = self.dir / name / "migration.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_text(script)
        (self.dir / "migration_lock.toml").write_text(f'provider = "{provider}"\n')
        return path

    def pause(self, name: str = "pause") -> Pause:
        return Pause(self.home / name)

    def start(
        self, *options: str, command: str = "migrate", url: str | None = None, fault: str = "",
        env: dict[str, str] | None = None, prefix: Sequence[str] = (), cut: bool = False,
    ) -> Run:  # fmt: skip
        """Start a command on the folder. `cut`: leave --dir out, because the test gives its own."""
        given = {name: os.environ[name] for name in INHERITED if name in os.environ}
        given |= {"LOCKMASTER_LOG_FORMAT": "text", "LOCKMASTER_POD": "pod", **self.env, **(env or {})}
        address = self.url if url is None else url
        given |= {"DATABASE_URL": address} if address else {}
        given |= {"LOCKMASTER_FAULT": fault} if fault else {}
        where = [] if cut else ["--dir", str(self.dir)]
        argv = [*prefix, sys.executable, "-I", "-m", "lockmaster", command, *where, *options]
        run = Run(argv, given, self.home, len(self._runs) + 1)
        self._runs.append(run)
        return run

    def run(
        self, *options: str, command: str = "migrate", url: str | None = None, fault: str = "",
        env: dict[str, str] | None = None, prefix: Sequence[str] = (), cut: bool = False, limit: float = LIMIT,
    ) -> Ended:  # fmt: skip
        """Run a command to its end."""
        run = self.start(*options, command=command, url=url, fault=fault, env=env, prefix=prefix, cut=cut)
        return run.end(limit)

    def good(self, *options: str, command: str = "migrate", url: str | None = None) -> Ended:
        """Run a command that has to succeed."""
        ended = self.run(*options, command=command, url=url)
        assert ended.status == 0, ended.text
        return ended

    def close(self) -> None:
        """Leave no process of a failed test behind."""
        for run in self._runs:
            run.kill()


def until(ready: Callable[[], object], what: str, limit: float = 30.0) -> None:
    """Wait until `ready` says yes."""
    end = time.monotonic() + limit
    while not ready():
        assert time.monotonic() < end, f"within {limit:.0f} s this did not happen: {what}"
        time.sleep(0.01)


@contextmanager
def busy(database: Database, script: str, name: str = "somebody", url: str = "") -> Iterator[int]:
    """Another session that is in the middle of `script`; its pid. It ends with the block."""
    connection = psycopg2.connect(url or database.url, application_name=name, async_=True)
    try:
        until(lambda: connection.poll() == psycopg2.extensions.POLL_OK, "a connection")
        pid = int(connection.info.backend_pid)
        connection.cursor().execute(script)
        active = f"SELECT state = 'active' FROM pg_stat_activity WHERE pid = {pid}"
        until(lambda: database.value(active), "the script runs")
        yield pid
    finally:
        if not connection.closed:
            database.execute(f"SELECT pg_terminate_backend({pid})")
            connection.close()


@contextmanager
def laboratory(folder: Path, url: str) -> Iterator[Lab]:
    """Give a lab, and end its processes."""
    lab = Lab(folder, url)
    try:
        yield lab
    finally:
        lab.close()
