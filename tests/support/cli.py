"""The real command line as a process: run to its end, started and killed, or many at the same instant.

    done = run_cli(["status", "--json"], env={"DATABASE_URL": url})
    run = start_cli(["migrate"], env=..., cwd=folder); run.kill9(); run.wait()
    for done in herd(20, ["migrate"], env=...): assert done.returncode == 0

The environment is clean: what a test does not give, the program does not have.
"""

import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

INHERITED = ("PATH", "HOME")
INHERITED_PREFIXES = ("COVERAGE", "COV_")
LIMIT = 60.0
HERD_LIMIT = 110.0
DEFAULTS = {"LOCKMASTER_TERMINATION_LOG": "none"}
Env = Mapping[str, str]

# Waits for the end of standard input, then becomes the program: all of a herd start by the closing of one pipe.
GATE = "import os,sys; os.read(0,1); os.dup2(os.open(os.devnull,os.O_RDONLY),0); os.execv(sys.argv[1],sys.argv[1:])"


def command(args: Sequence[str | Path]) -> list[str]:
    return [sys.executable, "-m", "lockmaster", *map(str, args)]


def clean_environment(env: Env | None = None) -> dict[str, str]:
    """Keep PATH, HOME and coverage's variables of ours, and add what is given."""
    kept = {key: value for key, value in os.environ.items() if key in INHERITED or key.startswith(INHERITED_PREFIXES)}
    return {**kept, **DEFAULTS, **(env or {})}


def run_cli(
    args: Sequence[str | Path], *, env: Env | None = None, cwd: Path | None = None, timeout: float = LIMIT
) -> subprocess.CompletedProcess[str]:
    """Run it to its end; one that does not end is killed, and fails the test with what it said."""
    run = start_cli(args, env=env, cwd=cwd)
    with run:
        return run.wait(timeout)


def start_cli(
    args: Sequence[str | Path],
    *,
    env: Env | None = None,
    cwd: Path | None = None,
    prefix: Sequence[str] = (),
) -> "Run":
    """Start it and go on. `prefix` is put before the command (ip netns exec NAME)."""
    return Run([*prefix, *command(args)], clean_environment(env), cwd)


class Run:
    """One process; what it says goes to files, so that it never waits for a reader. Kills it at the block's end."""

    _numbers = itertools.count(1)

    def __init__(
        self, argv: Sequence[str], env: Env, cwd: Path | None = None, *, stdin: int = subprocess.DEVNULL
    ) -> None:
        self.argv = list(argv)
        self._folder = tempfile.TemporaryDirectory(prefix="lm-cli-")
        folder = Path(self._folder.name)
        self.stdout_path, self.stderr_path = folder / "stdout", folder / "stderr"
        with self.stdout_path.open("wb") as out, self.stderr_path.open("wb") as err:
            self._process = subprocess.Popen(
                self.argv, env=dict(env), cwd=cwd or folder, stdin=stdin, stdout=out, stderr=err
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stdout(self) -> str:
        """What it has said so far."""
        return self.stdout_path.read_text("utf-8", "replace")

    @property
    def stderr(self) -> str:
        """What it has said so far, on standard error."""
        return self.stderr_path.read_text("utf-8", "replace")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal, None while it runs."""
        return self._process.poll()

    def wait(self, timeout: float = LIMIT) -> subprocess.CompletedProcess[str]:
        """Wait for its end; one that does not end is killed, and fails the test with what it said."""
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill9()
            msg = f"{self.argv} did not end within {timeout:g} s; it said:\n{self.stdout}{self.stderr}"
            raise AssertionError(msg) from None
        return subprocess.CompletedProcess(self.argv, status, self.stdout, self.stderr)

    def wait_for(self, text: str, timeout: float = 30.0) -> None:
        """Wait until it has said `text`, on either stream."""
        until(
            lambda: text in self.stdout + self.stderr or not self.running,
            lambda: f"{text!r} was not said; this was:\n{self.stdout}{self.stderr}",
            timeout,
        )
        assert text in self.stdout + self.stderr, f"it ended without {text!r}:\n{self.stdout}{self.stderr}"

    def kill9(self) -> None:
        """End it as a node that vanishes does, and wait until it is gone."""
        self._process.kill()
        self._process.wait(10)

    def terminate(self) -> None:
        """Send SIGTERM, as the kubelet does."""
        self._process.terminate()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def close(self) -> None:
        """Leave nothing behind; comes by itself at the end of a with-block."""
        if self.running:
            self.kill9()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def herd(
    count: int,
    args: Sequence[str | Path],
    *,
    env: Env | Callable[[int], Env] | None = None,
    cwd: Path | None = None,
    timeout: float = HERD_LIMIT,
) -> list[subprocess.CompletedProcess[str]]:
    """Start `count` at the same instant and wait for all; `env` may be a function of the number, from 0."""
    read, write = os.pipe()
    runs: list[Run] = []
    try:
        for number in range(count):
            given = env(number) if callable(env) else env
            argv = [sys.executable, "-I", "-c", GATE, *command(args)]
            runs.append(Run(argv, clean_environment(given), cwd, stdin=read))
        os.close(write)  # the instant
        write = -1
        deadline = time.monotonic() + timeout
        return [run.wait(max(0.1, deadline - time.monotonic())) for run in runs]
    finally:
        os.close(read)
        if write >= 0:
            os.close(write)
        for run in runs:
            run.close()


def until(ready: Callable[[], object], what: str | Callable[[], str], seconds: float = 30.0) -> None:
    """Wait until `ready` says yes; else fail and say what did not happen."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what() if callable(what) else what}"
        time.sleep(0.01)
