"""What a source is: it opens one address, and gives a file or a folder.

A source blocks as long as its client does: it runs in a thread of its own, and time limits are kept by others. It
raises Transient for what may be different in a moment, StepFailedError for what will not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from typing import Literal


class Transient(Exception):  # noqa: N818 - not an end: it is tried again
    """Failed, and may succeed in a moment. `message` is one fact in one line, without secrets."""

    def __init__(self, message: str, hint: str = "", after: float = 0.0) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint
        self.after = after  # seconds that the server asks to wait


class Have(NamedTuple):
    """What is here already. Versions are the source's own words: an ETag, a commit, a digest."""

    version: str = ""  # of the content that is in its place, whole: the same one need not come again
    part: int = 0  # bytes of an interrupted transfer
    part_version: str = ""
    part_total: int = -1  # how many there are in all; -1: unknown

    @property
    def complete(self) -> bool:
        """Whether the part lacks nothing: it only has to be asked whether it is still the right one."""
        return 0 < self.part == self.part_total


class Content(NamedTuple):
    """A file, from byte `start` on. The chunks end with the file, or raise."""

    chunks: Iterator[bytes]
    version: str = ""  # "" where the source does not say
    total: int = -1  # size of the whole file; -1: unknown
    start: int = 0
    resumable: bool = False  # a later `open` may begin where this one ended


class Entry(NamedTuple):
    """One thing in a folder. `path` is relative and comes as it was sent: nobody has checked it."""

    path: str
    kind: Literal["file", "folder", "link", "same"]  # same: a hard link to the file `target`
    mode: int = 0o644
    target: str = ""
    chunks: Callable[[], Iterable[bytes]] = tuple


class Tree(NamedTuple):
    """A folder: its entries, each valid until the next one is asked for."""

    entries: Iterable[Entry]
    version: str = ""


class Source(Protocol):
    """One address."""

    shown: str  # without secrets

    def open(self, have: Have) -> AbstractContextManager[Content | Tree | None]:
        """What is at the address. None: nothing new, it has the version `have.version` (or, if `have.complete`, the part's)."""
