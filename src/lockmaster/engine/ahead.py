"""What is sent together; and what is done while the server works: telling what came before, composing what comes next.

None of it is needed for what the run means: who never finds the time does the same in between.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lockmaster.engine.model import Capabilities, Unit
    from lockmaster.engine.pieces import Prepared
    from lockmaster.events import Emit, Event

    Group = Sequence[Prepared]
    Batch = list[tuple[Prepared, Unit]]

# a message ends after a script that changes how text is read, or that may drop the turn
_ENDS_MESSAGE = frozenset({"lexing", "drops-turn", "set-transaction"})


class Ahead:
    """The groups of a run in order, and the batch of the group that comes next, if there was time to compose it."""

    def __init__(self, work: Sequence[Prepared], caps: Capabilities, compose: Callable[[Group], Batch]) -> None:
        self._groups = deque(groups(work, caps))
        self._most = caps.batch_bytes
        self._compose = compose
        self._ready: Batch | None = None

    def __iter__(self) -> Iterator[Group]:
        while self._groups:
            yield self._groups.popleft()

    def batch(self, group: Group) -> Batch:
        """The batch of the group that was given out last. Raises UsageError: a script has changed."""
        ready, self._ready = self._ready, None
        return ready or self._compose(group)

    def hurry(self) -> None:
        """Compose the next batch now. Raises nothing: what is wrong with it is found again when it is asked for.

        Not a big one: two of them at once would be too much for the memory of a small container.
        """
        group = self._groups[0] if self._groups else ()
        if group and group[0].plain and self._ready is None and sum(map(_size, group)) <= self._most:
            with suppress(Exception):
                self._ready = self._compose(group)


class Telling:
    """Events in their order. Those that can wait a moment are told while the server works on the next message."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._waiting: deque[Event] = deque()
        self._trouble: Exception | None = None

    def __call__(self, event: Event) -> None:
        """Tell it now, after what waits."""
        self.catch_up()
        self._emit(event)

    def later(self, event: Event) -> None:
        self._waiting.append(event)

    def check(self) -> None:
        """Raise what the listener raised while a message was on its way."""
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble

    def catch_up(self) -> None:
        """Tell what waits. Who raises hears no more of it."""
        self.check()
        try:
            while self._waiting:
                self._emit(self._waiting.popleft())
        finally:
            self._waiting.clear()

    def meanwhile(self) -> None:
        """Tell what waits; nothing is raised while a message is on its way: `check` does."""
        try:
            self.catch_up()
        except Exception as error:  # noqa: BLE001 - somebody else's code; it is raised all the same, later
            self._trouble = error


def groups(work: Sequence[Prepared], caps: Capabilities) -> Iterator[Group]:
    """What is sent together, in order; what is not plain is a group of its own. Knows sizes, reads no script."""
    group: list[Prepared] = []
    size = 0
    for prepared in work:
        full = size + _size(prepared) > caps.batch_bytes or len(group) >= caps.batch_units
        if group and (full or not prepared.plain):
            yield group
            group, size = [], 0
        group.append(prepared)
        size += _size(prepared)
        if not prepared.plain or prepared.kinds & _ENDS_MESSAGE:
            yield group
            group, size = [], 0
    if group:
        yield group


def _size(prepared: Prepared) -> int:
    """Bytes of a plain migration's body."""
    return sum(segment.end - segment.start for segment in prepared.parsed.segments)
