"""All targets at once, each look in a thread of its own.

The thread that called never waits for a look: it sleeps on a pipe, on the wish to stop and on the clock. A look that
hangs where nobody can end it (the C library's name look-up, a client library) is given up a moment after its limit and
another one is taken later; what the old one may still say is not heard. So SIGTERM ends the wait at once, always.
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque

from lockmaster.prepare.steps.wait import causes
from lockmaster.prepare.steps.wait.looking import Look, Seen
from lockmaster.step_events import TargetSeen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.clock import Clock
    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.wait.looking import Target

LIMIT = 5.0  # seconds of one look, where nobody says
_GRACE = 0.5  # seconds that a look may need to end by itself, after its limit
_MOST_HANGING = 4  # looks at one target that hang at the same time


class Watched:
    """A target with what was seen of it last."""

    def __init__(self, target: Target, probe: object) -> None:
        self.target, self.probe = target, probe
        self.state = ""
        self.ready = False
        self.due = 0.0  # when the next look begins; the first one now
        self.look: Look | None = None  # the one that is heard
        self.given_up = 0.0
        self.hanging: set[Look] = set()

    @property
    def last(self) -> str:
        """What to say of it when it did not become ready."""
        return self.state or (f"{self.look.doing}: no answer yet" if self.look else "not looked at yet")

    def next(self) -> float:
        """When something has to be done about it."""
        return self.given_up if self.look else self.due


def watch(watched: list[Watched], every: float, context: Context) -> bool:
    """Look until all are ready, or the deadline is over; whether they are. Raises StoppedError, UsageError."""
    box = _Box()
    try:
        return _Watch(watched, every, context, box).until_ready()
    finally:
        box.close()


class _Watch:
    def __init__(self, watched: list[Watched], every: float, context: Context, box: _Box) -> None:
        self._watched, self._every, self._context, self._box = watched, every, context, box
        self._clock: Clock = context.clock
        self._began = self._clock.now()

    def until_ready(self) -> bool:
        while not all(item.ready for item in self._watched):
            self._context.stop.check()
            if self._context.deadline.over():
                return False
            waiting = [item for item in self._watched if not item.ready]
            for item in waiting:
                self._act(item)
            self._sleep(min(item.next() for item in waiting))
            for item, look, seen in self._box.take():
                self._hear(item, look, seen)
        return True

    def _act(self, item: Watched) -> None:
        """Give up a look that hangs, or begin the next one."""
        now = self._clock.now()
        if item.look and now >= item.given_up:
            item.hanging.add(item.look)
            self._tell(item, item.look.no_answer())
            item.look, item.due = None, now + self._every
        if item.look is None and now >= item.due:
            if len(item.hanging) >= _MOST_HANGING:
                item.due = now + self._every
            else:
                self._begin(item, now)

    def _begin(self, item: Watched, now: float) -> None:
        limit = float(item.target.wanted.limit or LIMIT)
        look = item.look = Look(limit)
        item.given_up = now + limit + _GRACE

        def work() -> None:
            result: Seen | BaseException
            try:
                result = causes.seen(item.probe, item.target, look)
            except BaseException as error:  # noqa: BLE001 - carried to the thread that waits
                result = error
            self._box.put((item, look, result))

        threading.Thread(target=work, name=f"wait {item.target.shown}", daemon=True).start()

    def _hear(self, item: Watched, look: Look, seen: Seen | BaseException) -> None:
        item.hanging.discard(look)
        if item.look is not look:
            return
        item.look, item.due = None, self._clock.now() + self._every
        if isinstance(seen, BaseException):
            raise seen
        self._tell(item, seen)

    def _tell(self, item: Watched, seen: Seen) -> None:
        if item.target.wanted.until == "absent":
            seen = Seen(seen.absent, seen.state or "still there")
        text = seen.state or "ready"
        if seen.ready and seen.state:
            text = f"ready ({seen.state})"
        if text != item.state or seen.ready:
            waited = self._clock.now() - self._began
            self._context.emit(TargetSeen(item.target.shown, seen.ready, text, waited))
        item.state, item.ready = text, seen.ready

    def _sleep(self, until: float) -> None:
        seconds = min(max(0.0, until - self._clock.now()), self._context.deadline.left())
        select.select([self._context.stop.fileno(), self._box.fileno()], [], [], min(seconds, 3600.0))


class _Box:
    """What looks found, from their threads to ours. Looks that end after us put nothing in it."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._found: deque[tuple[Watched, Look, Seen | BaseException]] = deque()
        self._lock = threading.Lock()
        self._closed = False

    def fileno(self) -> int:
        return self._read

    def put(self, found: tuple[Watched, Look, Seen | BaseException]) -> None:
        with self._lock:
            if not self._closed:
                self._found.append(found)
                try:
                    os.write(self._write, b"x")
                except BlockingIOError:  # full of wakes already
                    pass

    def take(self) -> list[tuple[Watched, Look, Seen | BaseException]]:
        try:
            os.read(self._read, 4096)
        except BlockingIOError:
            pass
        with self._lock:
            found = list(self._found)
            self._found.clear()
        return found

    def close(self) -> None:
        with self._lock:
            self._closed = True
            os.close(self._read)
            os.close(self._write)
