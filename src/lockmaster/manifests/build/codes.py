"""What a Job makes of our exit statuses: derived from `lockmaster.errors`, so that a new one cannot be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.errors import Exit, LockmasterError

if TYPE_CHECKING:
    from collections.abc import Iterator


def worth_a_retry() -> list[int]:
    """Statuses after which the same command may succeed later without a change."""
    return sorted({int(error.exit) for error in _errors(LockmasterError) if error.retry})


def in_vain() -> list[int]:
    """Statuses after which only a change helps."""
    return sorted({int(status) for status in Exit} - {int(Exit.READY), *worth_a_retry()})


def _errors(parent: type[LockmasterError]) -> Iterator[type[LockmasterError]]:
    yield parent
    for child in parent.__subclasses__():
        yield from _errors(child)
