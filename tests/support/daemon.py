"""A server that a test starts: in a folder of its own, on a free port, and gone at the end, also after kill -9 (home.py)."""

import atexit
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support import unprivileged
from tests.support.home import new_folder, remove
from tests.support.ports import free_port

ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


class Daemon:
    """One process that listens. What it is says a subclass: `command`, and `prepare` for what must be there before."""

    kind = "daemon"
    start_limit = 30.0
    end = signal.SIGTERM

    def __init__(self, *, started: bool = True) -> None:
        self.host, self.port = "127.0.0.1", free_port()
        self.folder = new_folder(self.kind)
        unprivileged.own(self.folder)
        self.log_path = self.folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        atexit.register(self.close)
        self.prepare()
        if started:
            self.start()

    # -- for subclasses --

    def prepare(self) -> None:
        """Write its files, once."""

    def command(self) -> Sequence[str | Path]:
        """What is run."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        return ENVIRONMENT | {"HOME": str(self.folder)}

    def is_up(self) -> bool:
        """Whether it takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    # -- for tests --

    def begin(self) -> None:
        """Start it, and do not wait."""
        with self.log_path.open("ab") as log:
            self._process = unprivileged.start(self.command(), cwd=self.folder, log=log, env=self.environment())
        (self.folder / "own.pid").write_text(f"{self._process.pid}\n")

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        self.begin()
        deadline = time.monotonic() + self.start_limit
        while not self.is_up():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.kind} did not start:\n{self.log()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it; its files stay."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(self.end)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(15)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def close(self) -> None:
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.close)
        self.stop()
        remove(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
