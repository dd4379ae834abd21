"""A command of the user's that runs under a guard: started, listened to, signalled, ended with all that it started."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from contextlib import suppress

from lockmaster.clock import ready
from lockmaster.errors import UsageError
from lockmaster.prepare import guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

KEPT_LINES = 40
_MOST_LINE = 1 << 14  # bytes; longer ones are cut into several


class Child:
    """Running from the moment that it is made. Used by one thread; `speak(stream, line)` is called from others.

    Raises UsageError when the command cannot be started.
    """

    def __init__(
        self, argv: Sequence[str], environ: Mapping[str, str], folder: str, *, keep: Sequence[int],
        speak: Callable[[str, str], None],
    ) -> None:  # fmt: skip
        self.last_lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._speak, self._speaking = speak, threading.Lock()
        self._status: int | None = None
        self._told = b""
        asked, self._control = os.pipe()
        self._answers, told = os.pipe()
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        streams = (out_end, err_end)
        self._guard = guard.spawn(argv, environ, folder, control=asked, status=told, streams=streams, keep=keep)
        for number in (asked, told, *streams):
            os.close(number)
        self._readers = [
            threading.Thread(target=self._read, args=(number, name), daemon=True)
            for number, name in ((out, "stdout"), (err, "stderr"))
        ]
        for reader in self._readers:
            reader.start()
        self.pid = int(self._line().removeprefix("pid ") or 0)  # 0: the guard was killed on the spot

    def fileno(self) -> int:
        """A descriptor that becomes readable when the command has ended."""
        return self._answers

    def ended(self) -> int | None:
        """The exit code (-N for signal N), or None while it runs. Raises UsageError when it could not be started."""
        if self._status is None and _readable(self._answers):
            self._conclude(self._line())
        return self._status

    def signal(self, number: int) -> None:
        """Send a signal to the command and its group."""
        self._ask(number)

    def kill(self) -> None:
        """End it, and everything that it started, now; return when nothing is left of it."""
        self._ask(signal.SIGKILL)
        if self._status is None:
            self._conclude(self._line())

    def _conclude(self, line: str) -> None:
        word, _, number = line.partition(" ")
        with suppress(ChildProcessError):  # our own parent had us ignore our children
            os.waitpid(self._guard, 0)
        os.close(self._control)
        limit = time.monotonic() + 2.0
        for reader in self._readers:  # a process that got away may hold the pipe: its words are not waited for
            reader.join(max(0.0, limit - time.monotonic()))
        os.close(self._answers)
        if word == "failed":
            raise _not_started(int(number))
        status = int(number) if word == "ended" else -1  # no word: somebody killed the guard
        self._status = -int(signal.SIGKILL) if status == -1 else os.waitstatus_to_exitcode(status)

    def _line(self) -> str:
        """The guard's next line; "" when it has gone."""
        while b"\n" not in self._told:
            more = os.read(self._answers, 256)
            if not more:
                return ""
            self._told += more
        line, _, self._told = self._told.partition(b"\n")
        return line.decode()

    def _ask(self, number: int) -> None:
        if self._status is None:
            try:
                os.write(self._control, bytes([number]))
            except OSError:  # it has ended in this moment
                pass

    def _read(self, descriptor: int, stream: str) -> None:
        """Lines of one stream, until it is closed. A carriage return ends a line too: progress bars."""
        rest = b""
        with open(descriptor, "rb", buffering=0) as file:
            while data := file.read(_MOST_LINE):
                *lines, rest = (rest + data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
                for line in lines:
                    self._say(stream, line)
                if len(rest) >= _MOST_LINE:
                    self._say(stream, rest)
                    rest = b""
        self._say(stream, rest)

    def _say(self, stream: str, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip()
        if text:
            with self._speaking:
                self.last_lines.append(text)
                self._speak(stream, text)


def _readable(descriptor: int) -> bool:
    return ready([descriptor], 0)


def _not_started(number: int) -> UsageError:
    hint = {
        2: "is it in PATH of this image, and is the interpreter of its first line there?",
        8: "it is no program: is a first line like #!/bin/sh missing?",
        13: "is it executable (chmod +x), and is its volume mounted without noexec?",
    }.get(number, "give the program and its arguments: lockmaster exec -- npm run migrate")
    return UsageError(
        f"the command cannot be started: {os.strerror(number) if number else 'it is no program'}", hint=hint
    )
