"""Runs commands one after another and measures each; started as a process of its own, standard library only.

Why a process of its own: Linux carries the peak memory of the forking process over into the child, so a
benchmark that forks from a big interpreter measures itself. This one is small (it imports little, and runs
with -I -S).

Protocol: one JSON line in (argv, cwd, env, timeout), one JSON line out (see `measure`).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time

OUTPUT_LIMIT = 4000


def main() -> None:
    """Serve until standard input ends."""
    for line in sys.stdin:
        answer = measure(**json.loads(line))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def measure(argv: list[str], cwd: str, env: dict[str, str], timeout: float) -> dict[str, object]:
    """Wall seconds, CPU seconds (with waited children), peak KiB, exit status and the end of the output."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        pid = os.fork()
        if pid == 0:
            _become(argv, cwd, env, output.fileno())
        signal.signal(signal.SIGALRM, lambda *_: os.killpg(pid, signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, timeout)
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - started
        signal.setitimer(signal.ITIMER_REAL, 0)
        return {
            "wall": wall,
            "cpu": usage.ru_utime + usage.ru_stime,
            "peak_kib": usage.ru_maxrss,
            "status": os.waitstatus_to_exitcode(status),
            "output": _end_of(output.fileno()),
        }


def _become(argv: list[str], cwd: str, env: dict[str, str], output: int) -> None:
    try:
        os.setpgid(0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(cwd)
        os.execvpe(argv[0], argv, env)  # noqa: S606 - a fork of our own is what is measured
    except OSError as error:
        os.write(2, f"{argv[0]}: {error}\n".encode())
    finally:
        os._exit(127)


def _end_of(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, OUTPUT_LIMIT, max(0, size - OUTPUT_LIMIT)).decode(errors="replace")


if __name__ == "__main__":
    main()
