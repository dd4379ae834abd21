"""The first and the last step of the process, and the only place where start-up time is bought with tricks.

A start with nothing pending is paid by every pod on every start, often with a tenth of a core. What is done about it
stands here, so that the rest of the house is ordinary code.
"""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def lean() -> None:
    """Spare the start what it does not need: no garbage collection while modules are loaded (1 ms)."""
    gc.disable()


def die_by_signals() -> None:
    """A signal ends the process at once, as long as nothing was begun that would have to be given up in order.

    The kernel passes over signals to the first process of a container that it has not asked for; and a Ctrl-C must
    not end in a traceback.
    """
    import _signal  # type: ignore[import-not-found] # `signal` builds three enums around it: 0.4 ms

    def handle(_number: int, _frame: object) -> None:
        os._exit(143)

    for number in (2, 15):
        _signal.signal(number, handle)


def load_driver(url: str) -> None:
    """Load the driver that `url` needs, without Python's `ssl`, and end the start-up.

    psycopg2 imports `ssl` for the sake of OpenSSL before 1.1 alone, uses nothing of it (TLS is libpq's) and goes on
    without it; it costs 8 ms here. So for the time of this one import it is made to be missing. In a process of our
    own this is safe; in library use it would be somebody else's process, and is not done.
    """
    if url.startswith("postgres"):
        hidden = "ssl" not in sys.modules
        if hidden:
            sys.modules["ssl"] = None  # type: ignore[assignment]
        try:
            import psycopg2  # noqa: F401
        except ImportError:
            pass  # who needs it says so
        finally:
            if hidden:
                del sys.modules["ssl"]
    gc.freeze()  # what was loaded stays until the end: no collection needs to look at it
    gc.enable()


def leave(status: int) -> NoReturn:
    """End the process now: no taking apart of modules, and no waiting for a thread that a dead network holds."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # closed, or its reader is gone
            pass
    os._exit(status)


def main() -> NoReturn:
    """Run the command line of this process, and end it."""
    die_by_signals()
    lean()
    from lockmaster.cli.app import run

    leave(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
