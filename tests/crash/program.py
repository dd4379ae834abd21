"""`lockmaster migrate` for one folder and one database, to be run, killed and stopped many times."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from lockmaster.errors import Exit
from tests.support import cli

KILLED = -signal.SIGKILL
RUN_SECONDS = 90.0
STOP_SECONDS = 3.0  # the promise is two; one more for a busy machine
RETRYABLE = {Exit.UNREACHABLE, Exit.NO_TURN, Exit.STOPPED}  # worth another run (DESIGN.md section 9)


class Run(cli.Run):
    """One process of it; `ends` gives its status."""

    @property
    def text(self) -> str:
        """What it has said so far."""
        return self.stdout + self.stderr

    def ends(self, seconds: float = RUN_SECONDS) -> int:
        """Wait for its end and give the status, negative for a signal."""
        return self.wait(seconds).returncode


class Program:
    """One folder and one database. `prefix` is put before the command (ip netns exec NAME)."""

    def __init__(self, folder: Path, url: str, *options: str, direct: str = "", prefix: Sequence[str] = ()) -> None:
        self.folder, self.url = folder, url
        self._direct, self._prefix = direct, list(prefix)
        self._options = ["--dir", str(folder), "--wait-for-database=60s", "--wait-for-turn=90s", *options]
        self._numbers = itertools.count(1)
        self._runs: list[Run] = []

    def start(self, fault: str = "", *options: str) -> Run:
        """Start it; `fault` is LOCKMASTER_FAULT."""
        return self._start(self._command(options), fault, subprocess.DEVNULL)

    def finish(self, fault: str = "", *options: str) -> tuple[int, str]:
        """Run it to its end: status and what it said."""
        run = self.start(fault, *options)
        return run.ends(), run.text

    def herd(self, count: int) -> list[Run]:
        """Start many at the same instant: all wait for the closing of one pipe."""
        read, write = os.pipe()
        argv = [sys.executable, "-I", "-c", cli.GATE, *self._command(())]
        try:
            return [self._start(argv, "", read) for _ in range(count)]
        finally:
            os.close(write)
            os.close(read)

    def close(self) -> None:
        """Leave no process of a failed test behind."""
        for run in self._runs:
            run.close()

    def _start(self, argv: list[str], fault: str, stdin: int) -> Run:
        env = {
            "DATABASE_URL": self.url,
            "LOCKMASTER_POD": f"pod-{next(self._numbers)}",
            "LOCKMASTER_LOG_FORMAT": "text",
        }
        env |= {"DIRECT_DATABASE_URL": self._direct} if self._direct else {}
        env |= {"LOCKMASTER_FAULT": fault} if fault else {}
        run = Run(argv, cli.clean_environment(env), stdin=stdin)
        self._runs.append(run)
        return run

    def _command(self, options: Sequence[str]) -> list[str]:
        return [*self._prefix, *cli.command(["migrate", *self._options, *options])]


def is_stopped(run: Run) -> None:
    """Send SIGTERM, and see what is promised about it."""
    assert run.running, run.text
    began = time.monotonic()
    run.terminate()
    status = run.ends(20)
    took = time.monotonic() - began
    assert status == Exit.STOPPED, run.text
    assert took < STOP_SECONDS, f"it took {took:.1f} s:\n{run.text}"
    assert "Traceback" not in run.text
