"""What a walk has found, counted while several threads walk."""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_NAMED = 5  # of each kind of what was left alone
MOST_TOLD = 20  # changes that are told one by one


class Found:
    """Counts, and the first names of what was left alone. `changed` tells a change; it is called for the first ones."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self.looked, self.changed = 0, 0
        self.left: dict[str, list[str]] = {}  # why: first names
        self.counts: dict[str, int] = {}  # why: how many
        self._tell = tell
        self.speaking = threading.Lock()  # one at a time, also to whoever is told

    def add(self, looked: int) -> None:
        with self.speaking:
            self.looked += looked

    def change(self, path: str, how: Callable[[], str]) -> None:
        with self.speaking:
            self.changed += 1
            if self.changed <= MOST_TOLD:
                self._tell(path, how())

    def leave(self, path: str, why: str) -> None:
        with self.speaking:
            self.counts[why] = self.counts.get(why, 0) + 1
            names = self.left.setdefault(why, [])
            if len(names) < _MOST_NAMED:
                names.append(path)

    def named(self, why: str) -> str:
        """The first names of what was left for this reason: a, b and 7 more."""
        names, count = self.left[why], self.counts[why]
        more = f" and {count - len(names)} more" if count > len(names) else ""
        return ", ".join(names) + more
