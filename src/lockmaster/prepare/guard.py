"""The guard: a small process between us and a command of the user's, which outlives neither of us in vain.

It is the command's parent and reads a pipe from us. When we die, however suddenly, the pipe closes, and the guard ends
the command with everything that it started. PR_SET_PDEATHSIG alone would not reach that: it is not inherited, and
`npm` starts `sh`, which starts `node` (PROTOCOL-FACTS B1). The guard is a subreaper, so that whatever loses its parent
becomes its own child: nothing escapes by daemonising. It keeps some descriptors of ours open until everything has ended: the
connection or file whose lock is the turn; so nobody else begins while a part of the command still runs.

Runs after a fork, maybe out of a process with threads: nothing but system calls, no imports, no locks.

Protocol, from us: one byte, the number of a signal for the command's group; KILL ends all. To us, lines: `pid N`,
then `failed ERRNO` (it could not be started) or `ended STATUS` (as waitpid has it) once nothing of it is left.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
_DEAF = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGUSR1, signal.SIGUSR2)
_KILL = int(signal.SIGKILL)
_LIBC = ctypes.CDLL(None)


def spawn(
    argv: Sequence[str], environ: Mapping[str, str], folder: str, *, control: int, status: int, streams: tuple[int, int],
    keep: Sequence[int],
) -> int:  # fmt: skip
    """Fork the guard, which starts the command. Its process id. All descriptors but these are closed in it."""
    pid = os.fork()
    if pid:
        return pid
    try:
        _guard(argv, environ, folder, control, status, streams, keep)
    finally:
        os._exit(1)


def _guard(
    argv: Sequence[str], environ: Mapping[str, str], folder: str, control: int, status: int, streams: tuple[int, int],
    keep: Sequence[int],
) -> NoReturn:  # fmt: skip
    os.setsid()
    for number in _DEAF:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # who started us may ignore its children, and that is inherited
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    _LIBC.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _close_all_but({control, status, *streams, *keep, *_null()})
    started, starting = os.pipe()
    child = os.fork()
    if child == 0:
        _become(argv, environ, folder, streams, starting)
    os.close(starting)
    for stream in streams:
        os.close(stream)
    _tell(status, f"pid {child}")
    if refused := os.read(started, 16):
        os.waitpid(child, 0)
        _tell(status, f"failed {refused.decode()}")
        os._exit(0)
    os.close(started)
    ended = _watch(child, control)
    _end_all(child)
    _tell(status, f"ended {ended}")
    os._exit(0)


def _null() -> tuple[int, int, int]:
    """Standard input, output and error lead nowhere: what we would say is not for anybody's log."""
    try:
        null = os.open(os.devnull, os.O_RDWR)
    except OSError:  # a root without /dev: reading ends at once, and writing fails
        null, other = os.pipe()
        os.close(other)
    for number in (0, 1, 2):
        if number != null:
            os.dup2(null, number)
    return 0, 1, 2


def _close_all_but(kept: set[int]) -> None:
    low = 0
    for number in [*sorted(kept), os.sysconf("SC_OPEN_MAX")]:
        if number > low:
            os.closerange(low, number)
        low = number + 1


def _become(
    argv: Sequence[str], environ: Mapping[str, str], folder: str, streams: tuple[int, int], starting: int
) -> NoReturn:
    """The command itself: a group of its own, the system's defaults for signals, no input."""
    try:
        os.setpgid(0, 0)
        _LIBC.prctl(_SET_PDEATHSIG, _KILL, 0, 0, 0)  # should somebody kill the guard
        for number in (*_DEAF, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(streams[0], 1)
        os.dup2(streams[1], 2)
        os.closerange(3, starting)
        os.closerange(starting + 1, os.sysconf("SC_OPEN_MAX"))
        os.chdir(folder)
        os.execvpe(argv[0], list(argv), dict(environ))  # noqa: S606 - the user's own command, without a shell
    except OSError as error:
        os.write(starting, str(error.errno).encode())
    except BaseException:  # noqa: BLE001 - nothing may go up from here: it would be a second Lockmaster
        os.write(starting, b"0")
    os._exit(127)


def _watch(child: int, control: int) -> int:
    """The command's status as waitpid has it, after the signals that we were asked to pass on; -1 if we were to end it."""
    try:
        handle = [os.pidfd_open(child)]
    except OSError:  # an old kernel, gVisor
        handle = []
    while True:
        ready, _, _ = select.select([control, *handle], [], [], None if handle else 0.05)
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        if control in ready:
            asked = os.read(control, 1)
            if not asked or asked[0] == _KILL:
                return -1
            _group(child, asked[0])


def _end_all(child: int) -> None:
    """End whatever is left of it, and wait until it is gone."""
    _group(child, _KILL)
    while True:
        for pid in _descendants():
            try:
                os.kill(pid, _KILL)
            except OSError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return  # nobody is left
        select.select([], [], [], 0.01)


def _group(child: int, number: int) -> None:
    try:
        os.killpg(child, number)
    except OSError:
        pass


def _descendants() -> list[int]:
    """Every process below this one; none where there is no /proc, and then the group has to do."""
    children: dict[int, list[int]] = {}
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    for name in names:
        if name.isdigit():
            try:
                file = os.open(f"/proc/{name}/stat", os.O_RDONLY)
            except OSError:
                continue
            try:
                text = os.read(file, 512)
            except OSError:
                continue
            finally:
                os.close(file)
            parent = int(text.rpartition(b")")[2].split()[1])
            children.setdefault(parent, []).append(int(name))
    found, todo = [], [os.getpid()]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def _tell(status: int, line: str) -> None:
    try:
        os.write(status, line.encode() + b"\n")
    except OSError:  # nobody listens any more
        pass
