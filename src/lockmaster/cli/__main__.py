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
    lean()
    from lockmaster.cli.app import run

    leave(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
