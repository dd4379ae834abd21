"""One command, run to its end and measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_SPAWNER = Path(__file__).with_name("spawner.py")
_INHERITED = ("PATH", "HOME", "LANG", "TZ")


class CommandError(Exception):
    """A measured command did not exit 0, so that its time means nothing."""


@dataclass(frozen=True)
class Invocation:
    """What is run, where, and with what beside the few variables that every process has."""

    argv: list[str]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The whole environment: nothing of the caller's own settings reaches a tool."""
        return {name: os.environ[name] for name in _INHERITED if name in os.environ} | dict(self.env)


@dataclass(frozen=True)
class Sample:
    """One run: seconds, seconds, KiB. Peak memory is that of the largest process, not a sum."""

    wall: float
    cpu: float
    peak_kib: int


class Runner:
    """Runs invocations through one small process (see spawner.py); a context manager."""

    def __init__(self, timeout: float = 600) -> None:
        self._timeout = timeout
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_SPAWNER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def run(self, invocation: Invocation) -> Sample:
        """The measured run; raises CommandError, with the end of the output, unless it exits 0."""
        answer = self._ask(invocation)
        if answer["status"] != 0:
            command = " ".join(invocation.argv[:4])
            msg = f"{command} ... exited {answer['status']}: {str(answer['output']).strip()[-600:]}"
            raise CommandError(msg)
        return Sample(wall=float(answer["wall"]), cpu=float(answer["cpu"]), peak_kib=int(answer["peak_kib"]))

    def _ask(self, invocation: Invocation) -> dict[str, str | float | int]:
        input_pipe, output_pipe = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        request = {
            "argv": invocation.argv,
            "cwd": str(invocation.cwd),
            "env": invocation.environment(),
            "timeout": self._timeout,
        }
        input_pipe.write(json.dumps(request) + "\n")
        input_pipe.flush()
        answer: dict[str, str | float | int] = json.loads(output_pipe.readline())
        return answer
