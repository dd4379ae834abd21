"""The steps of a file in their order: each must succeed before the next one begins; a group's run side by side."""

from __future__ import annotations

import threading

from lockmaster.clock import Deadline, SystemClock, pauses
from lockmaster.errors import LockmasterError, StoppedError, UsageError
from lockmaster.prepare.alone import of_system
from lockmaster.prepare.context import Context, Outcome
from lockmaster.prepare.kinds import runner_of
from lockmaster.prepare.spec import Group
from lockmaster.step_events import InStep, StepBegun, StepDone, StepRetrying, StepSkipped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.events import Event
    from lockmaster.prepare.alone import World
    from lockmaster.prepare.spec import Steps, Task
    from lockmaster.stop import Stop


def run(steps: Steps, world: World) -> bool:
    """Run all steps. Whether any of them changed anything. Raises what the first failing step raises, with its name."""
    return _Run(steps, world).all()


class _Run:
    def __init__(self, steps: Steps, world: World) -> None:
        self._steps, self._world = steps, world
        self._deadline = Deadline(SystemClock(world.stop), world.deadline)
        self._total = sum(len(item.tasks) if isinstance(item, Group) else 1 for item in steps)
        self._number = 0
        self._speaking = threading.Lock()

    def all(self) -> bool:
        changed = False
        for item in self._steps:
            if isinstance(item, Group):
                changed |= self._group(item)
            else:
                changed |= self._task(item, self._next(), self._world.stop)
        return changed

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _group(self, group: Group) -> bool:
        """Run them in threads. The first failure stops the others; all have ended when this returns."""
        stop = self._world.stop.child()
        failures: list[BaseException] = []
        changed: list[bool] = []

        def one(task: Task, number: int) -> None:
            try:
                changed.append(self._task(task, number, stop))
            except BaseException as error:  # noqa: BLE001 - carried to the thread that waits
                if not (failures and isinstance(error, StoppedError)):
                    failures.append(error)
                stop.request("another step's failure")

        threads = [
            threading.Thread(target=one, args=(task, self._next()), name=task.name, daemon=True) for task in group.tasks
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():  # in slices: a signal handler runs between them
                thread.join(0.2)
        stop.close()
        self._world.stop.check()
        if failures:
            raise failures[0]
        return any(changed)

    def _task(self, task: Task, number: int, stop: Stop) -> bool:
        if task.skip:
            self._emit(StepSkipped(task.name, task.kind, task.skip))
            return False
        clock = SystemClock(stop)
        began = clock.now()
        self._emit(StepBegun(task.name, task.kind, number, self._total))
        outcome = self._tried(task, clock, stop)
        self._emit(StepDone(task.name, task.kind, outcome.changed, outcome.text, clock.now() - began))
        return outcome.changed

    def _tried(self, task: Task, clock: SystemClock, stop: Stop) -> Outcome:
        """Run it, again after a failure as often as the file allows. What cannot get better is not repeated."""
        pause = pauses(1.0, 30.0)
        for attempt in range(1, task.retry + 2):
            try:
                return runner_of(task.kind)(task.spec, self._context(task, clock, stop))
            except LockmasterError as error:
                last = attempt > task.retry or isinstance(error, UsageError | StoppedError)
                if last or self._deadline.over():
                    raise named(error, task) from error
                seconds = next(pause)
                self._emit(StepRetrying(task.name, error.message, attempt + 1, task.retry + 1, seconds))
                clock.sleep(min(seconds, self._deadline.left()))
            except OSError as error:
                raise named(of_system(error), task) from error
        raise AssertionError  # the last attempt returns or raises

    def _context(self, task: Task, clock: SystemClock, stop: Stop) -> Context:
        limits = [limit for limit in (task.timeout, self._left()) if limit is not None]
        deadline = Deadline(clock, min(limits) if limits else None)

        def emit(event: Event) -> None:
            self._emit(InStep(task.name, event))

        world = self._world
        return Context(world.environ, world.folder, emit, stop, clock, deadline, world.hide, world.file)

    def _left(self) -> float | None:
        return None if self._deadline.seconds is None else self._deadline.left()

    def _emit(self, event: Event) -> None:
        with self._speaking:
            self._world.emit(event)


def named(error: LockmasterError, task: Task) -> LockmasterError:
    """The error, with the step in front: its class, and so its exit status, stays."""
    if not isinstance(error, StoppedError):
        error.message = f"step {task.name}: {error.message}"
    error.details = {"step": f"{task.name} ({task.kind}, {task.place})"} | error.details
    return error
