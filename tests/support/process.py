"""A server as a child process that listens on a port."""

import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.home import new_folder, remove

START_LIMIT = 30.0


class Listening:
    """Starts a program, waits until its port answers, and ends it at the block's end."""

    def __init__(self, argv: Sequence[str | Path], port: int, env: Mapping[str, str] | None = None) -> None:
        self.port = port
        self.folder = new_folder(Path(argv[0]).name)
        self._log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen(
            argv, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + START_LIMIT
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    said = (self.folder / "log").read_text()
                    self.close()
                    raise RuntimeError(f"{argv[0]} did not start:\n{said}") from None
                time.sleep(0.02)
            else:
                return

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(5)
        self._log.close()
        remove(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
