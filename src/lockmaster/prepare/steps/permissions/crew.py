"""The threads that walk a tree: one where the disk is fast, more as long as they only wait for it.

A network volume answers each question in a millisecond or more, and several at a time; there sixteen threads are
nearly sixteen times as fast. On a local disk a second thread would only take Python's lock from the first.
"""

from __future__ import annotations

import os
import threading
import time

from lockmaster.errors import StepFailedError
from lockmaster.step_events import TargetSeen
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.permissions.found import Found
    from lockmaster.prepare.steps.permissions.walk import Folder, Walk

_MOST = 16
_BUSY = 0.6  # of the time spent computing: more threads would not help
_TICK, _TELL_EVERY, _PATIENCE = 0.1, 10.0, 1.0


class _Job(NamedTuple):
    """A folder that is to be entered, by its name in the one above."""

    parent: Folder
    name: str


class Crew:
    """Walks everything below a folder. Raises the first error of any thread, after all have ended."""

    def __init__(self, walk: Walk, found: Found, root: str, context: Context) -> None:
        self._walk, self._found, self._root, self._context = walk, found, root, context
        self._jobs: list[_Job] = []  # the last one is next: depth first keeps few folders open
        self._unfinished = 0
        self._change = threading.Condition()
        self._failure: BaseException | None = None
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._began = time.monotonic()

    def all(self, top: Folder) -> None:
        """Everything below `top`, which is put right already. Closes it."""
        self._unfinished = 1
        self._hire(top)
        try:
            self._wait()
        except BaseException as error:  # noqa: BLE001 - raised again below, after all threads have ended
            self._fail(error)
        patience = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(None if self._failure is None else max(0.0, patience - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):  # in a call that a dead server does not answer
            self._jobs = []
        for job in self._jobs:
            self._release(job.parent)
        if self._failure is not None:
            raise self._failure

    def check(self) -> None:
        """Called by a thread now and then: ends it where the work is to end."""
        if self._failure is not None:
            raise _Ended

    def _wait(self) -> None:
        cpu, wall, told = time.process_time(), time.monotonic(), time.monotonic()
        while not self._over.wait(_TICK):
            self._context.stop.check()
            if self._context.deadline.over():
                raise StepFailedError(f"{self._root}: not finished in time, {self._found.looked} looked at")
            now, used = time.monotonic(), time.process_time()
            if used - cpu < _BUSY * (now - wall) and len(self._threads) < _MOST:
                self._hire(None)
            cpu, wall = used, now
            if now - told >= _TELL_EVERY:
                told = now
                state = f"{self._found.looked:,} looked at, {self._found.changed:,} changed"
                with self._found.speaking:
                    self._context.emit(TargetSeen(self._root, False, state, now - self._began))  # noqa: FBT003

    def _hire(self, first: Folder | None) -> None:
        thread = threading.Thread(target=self._work, args=(first,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self, folder: Folder | None) -> None:
        try:
            if folder is not None:
                self._finish(folder)
            while (job := self._next()) is not None:
                self._finish(self._entered(job))
        except _Ended:
            pass
        except BaseException as error:  # noqa: BLE001 - carried to the thread that waits
            self._fail(error)

    def _entered(self, job: _Job) -> Folder | None:
        below = f"{job.parent.path}/{job.name}" if job.parent.path else job.name
        try:
            return self._walk.enter(job.parent.fd, job.name, f"{self._root}/{below}", below)
        finally:
            self._release(job.parent)

    def _finish(self, folder: Folder | None) -> None:
        """Do what is in a folder, and leave what is below it for whoever comes next."""
        if folder is not None:
            shown = f"{self._root}/{folder.path}" if folder.path else self._root
            folder.pending = 1  # ourselves
            try:
                names = self._walk.entries(folder, shown, self)
                with self._change:
                    folder.pending += len(names)
                    self._unfinished += len(names)
                    self._jobs += [_Job(folder, name) for name in names]
                    self._change.notify(len(names))
            finally:
                self._release(folder)
        with self._change:
            self._unfinished -= 1
            if self._unfinished == 0:
                self._change.notify_all()
                self._over.set()

    def _next(self) -> _Job | None:
        with self._change:
            while not self._jobs and self._unfinished and self._failure is None:
                self._change.wait()
            return self._jobs.pop() if self._jobs and self._failure is None else None

    def _release(self, folder: Folder) -> None:
        with self._change:
            folder.pending -= 1
            last = folder.pending == 0
        if last:
            os.close(folder.fd)

    def _fail(self, error: BaseException) -> None:
        with self._change:
            self._failure = self._failure or error
            self._change.notify_all()
        self._over.set()


class _Ended(Exception):  # noqa: N818 - not an error: somebody else's is told
    pass
