"""The real command line as a process, that can be killed, stopped, and asked what it said."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

INHERITED = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
KILLED = -signal.SIGKILL
RUN_SECONDS = 90.0
RETRYABLE = {10, 11, 143}  # the exit statuses that are worth another run (DESIGN.md section 9)


class Run:
    """One process of `lockmaster migrate`."""

    def __init__(self, argv: Sequence[str], env: dict[str, str], log: Path) -> None:
        self.log, self.fault = log, env.get("LOCKMASTER_FAULT", "")
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                argv, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=log.parent
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def text(self) -> str:
        """What it has said so far."""
        return self.log.read_text(errors="replace")

    def status(self) -> int | None:
        """Its exit status, None while it runs; negative for a signal, as in subprocess."""
        return self._process.poll()

    def wait(self, seconds: float = RUN_SECONDS) -> int:
        """Wait for its end and give the status. One that does not end is killed, and fails the test."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not end within {seconds:.0f} s; it said:\n{self.text}") from None

    def kill(self) -> None:
        """End it by SIGKILL, as a node that vanishes does."""
        self._process.kill()
        self._process.wait(10)

    def terminate(self) -> None:
        """Send SIGTERM, as the kubelet does."""
        self._process.terminate()


class Program:
    """`lockmaster migrate` for one folder and one database, to be run many times."""

    def __init__(
        self, folder: Path, url: str, logs: Path, *options: str, direct: str = "", prefix: Sequence[str] = ()
    ) -> None:
        self.url = url
        self._logs, self._direct, self._prefix = logs, direct, list(prefix)
        self._options = ["--dir", str(folder), "--wait-for-database=40s", "--wait-for-turn=80s", *options]
        self._numbers = itertools.count(1)
        self._running: list[Run] = []

    def start(self, fault: str = "", *options: str, pod: str = "") -> Run:
        """Start it; `fault` is LOCKMASTER_FAULT."""
        number = next(self._numbers)
        env = {name: os.environ[name] for name in INHERITED if name in os.environ}
        env |= {"DATABASE_URL": self.url, "LOCKMASTER_POD": pod or f"pod-{number}"}
        env |= {"LOCKMASTER_TERMINATION_LOG": "none", "LOCKMASTER_LOG_FORMAT": "text"}
        env |= {"DIRECT_DATABASE_URL": self._direct} if self._direct else {}
        env |= {"LOCKMASTER_FAULT": fault} if fault else {}
        argv = [*self._prefix, sys.executable, "-I", "-m", "lockmaster", "migrate", *self._options, *options]
        run = Run(argv, env, self._logs / f"run-{number}.log")
        self._running.append(run)
        return run

    def finish(self, fault: str = "", *options: str) -> tuple[int, str]:
        """Run it to its end: status and what it said."""
        run = self.start(fault, *options)
        return run.wait(), run.text

    def kill_all(self) -> None:
        """Leave no process of a failed test behind."""
        for run in self._running:
            if run.status() is None:
                run.kill()


def until(ready: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Wait until `ready` says yes."""
    limit = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < limit, f"within {seconds:.0f} s this did not happen: {what}"
        time.sleep(0.01)
