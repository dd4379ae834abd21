"""The last act of `up`: this process becomes the application. Same process id, so signals reach it as if alone."""

from __future__ import annotations

import os
import signal
import sys

from lockmaster.errors import StoppedError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    from lockmaster.stop import Stop

# Python ignores these two for its own sake; a program that is started expects them as the system has them
_IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)


def become(command: Sequence[str], environ: Mapping[str, str], stop: Stop) -> NoReturn:
    """Replace this process by `command`. Raises UsageError when that cannot be, StoppedError after a signal.

    A signal between the last look and the new program is kept: it is blocked here, and delivered there.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    watched = {signal.SIGTERM, signal.SIGINT}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    try:
        stop.check()
        if signal.sigpending() & watched:  # one that came just now: an init process would drop it
            raise StoppedError("stopped by a signal", hint="the next run finishes what is left")
        handlers = {number: signal.getsignal(number) for number in (*watched, *_IGNORED)}
        for number in handlers:
            signal.signal(number, signal.SIG_DFL)
        try:
            _execute(command, environ, before)
        except OSError as error:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            raise UsageError(f"cannot start {command[0]}: {error.strerror}", hint=_hint(error)) from error
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    raise AssertionError  # a process that was replaced does not come back


def _execute(command: Sequence[str], environ: Mapping[str, str], mask: set[signal.Signals | int]) -> None:
    """The mask is inherited: a signal that waited behind it arrives now, as the system's default has it."""
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    os.execvpe(command[0], list(command), dict(environ))  # noqa: S606 - the user's own command, without a shell


def _hint(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "is it in PATH, and is the interpreter of its first line there?"
    if isinstance(error, PermissionError):
        return "is it executable (chmod +x), and is its volume mounted without noexec?"
    return "give the program and its arguments: lockmaster up -- node server.js"
