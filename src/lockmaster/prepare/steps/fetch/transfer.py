"""From the source into a file that grows, or into a new folder. Runs in a thread that may be left alone at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.prepare.steps.fetch.ports import Content, Have, Transient, Tree
from lockmaster.prepare.steps.fetch.tree import too_large
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.prepare.steps.fetch.aside import Pulse
    from lockmaster.prepare.steps.fetch.part import Part
    from lockmaster.prepare.steps.fetch.ports import Source
    from lockmaster.prepare.steps.fetch.tree import Builder


class Got(NamedTuple):
    """What came. `tree` is the folder, else it is in the part; neither when nothing is new."""

    version: str = ""
    new: bool = True
    resumed: bool = False  # some of it came in an earlier transfer
    tree: Builder | None = None


def transfer(
    source: Source, have: Have, part: Part, pulse: Pulse, limit: int, build: Callable[[Pulse], Builder]
) -> Got:
    """Bring it. Raises Transient, StepFailedError, OSError."""
    with source.open(have) as found:
        if found is None and have.complete:
            part.whole(pulse.beat)
            return Got(part.version, resumed=True)
        if found is None:
            return Got(have.version, new=False)
        if isinstance(found, Tree):
            builder = build(pulse)
            builder.add(found.entries)
            return Got(found.version, tree=builder)
        return _pour(found, source.shown, part, pulse, limit)


def _pour(content: Content, shown: str, part: Part, pulse: Pulse, limit: int) -> Got:
    if content.total > limit:
        raise too_large(limit)
    part.begin(content.version if content.resumable else "", content.total, content.start, pulse.beat)
    pulse.done, pulse.total = content.start, content.total
    for chunk in content.chunks:
        part.append(chunk)
        pulse.done = part.size
        pulse.beat(len(chunk))
        if part.size > limit:
            raise too_large(limit)
    if content.total >= 0 and part.size != content.total:
        raise Transient(f"{shown} ended early: {part.size} of {content.total} bytes came")
    return Got(content.version, resumed=content.start > 0)
