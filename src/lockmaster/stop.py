"""The wish to stop, as a value that every wait looks at.

A signal handler can only set a flag; a process that sleeps in `select` would not look at it. So the wish is also a
readable file descriptor, and each wait of ours includes it. That is what makes SIGTERM end in two seconds, always.
"""

from __future__ import annotations

import os

from lockmaster.errors import StoppedError


class Stop:
    """Nobody has asked to stop, until `request` is called (from a signal handler or another thread)."""

    __slots__ = ("_children", "_read", "_write", "reason")

    def __init__(self) -> None:
        self.reason = ""
        self._children: tuple[Stop, ...] = ()
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    def request(self, reason: str) -> None:
        """Wake every wait. Safe in a signal handler; only the first reason counts."""
        if not self.reason:
            self.reason = reason
            os.write(self._write, b"x")
        for child in self._children:
            child.request(reason)

    def child(self) -> Stop:
        """A wish for a part of the work: whoever stops the whole stops it too, but not the other way round."""
        child = Stop()
        self.join(child)
        return child

    def fileno(self) -> int:
        """A descriptor that becomes readable once, and stays so, when stopping was requested."""
        return self._read

    def check(self) -> None:
        """Raise StoppedError when stopping was requested."""
        if self.reason:
            raise StoppedError(f"stopped by {self.reason}", hint="the next run finishes what is left")

    def part(self, child: Stop) -> None:
        """The child goes on by itself from here on: whoever parts them looks at both."""
        self._children = tuple(one for one in self._children if one is not child)

    def join(self, child: Stop) -> None:
        """Undo `part`; the child is told what it missed."""
        self._children = (*self._children, child)
        if self.reason:
            child.request(self.reason)

    def close(self) -> None:
        """Give the descriptors back. Closed already is fine; nobody may wait for it any more."""
        self.request("its end")  # from here on a request writes nothing
        os.close(self._read)
        os.close(self._write)
