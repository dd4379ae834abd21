"""What was fetched last time, in a small hidden file beside the target: to know that nothing has changed.

It is believed only while the target is as it was left: a file by its size, its time and its inode, a folder by those of
all that is in it. What was changed since then is fetched again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lockmaster.prepare.steps.fetch.hidden import read_json, write_json
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.prepare.steps.fetch.place import Place


class Record(NamedTuple):
    """One fetch that succeeded."""

    key: str  # what was asked for: the address, and how it is laid down
    version: str = ""  # the source's word for what it was
    digest: str = ""  # SHA-256 of the file, or of the archive
    print: str = ""  # of the target, as it was left
    names: tuple[str, ...] = ()  # what lies in a folder that stays


def read(place: Place) -> Record | None:
    """The record, if there is one that can be read."""
    try:
        values = read_json(place.hidden())
        key, version, digest, print_ = (str(values[field]) for field in ("key", "version", "digest", "print"))
        return Record(key, version, digest, print_, tuple(str(name) for name in values["names"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(place: Place, record: Record) -> None:
    write_json(place.hidden(), record._asdict())


def intact(place: Place, record: Record | None) -> bool:
    """Whether the target is still as the record says."""
    return bool(record and record.print) and record.print == footprint(place, record.names)  # type: ignore[union-attr]


def footprint(place: Place, names: tuple[str, ...] = ()) -> str:
    """What changes whenever somebody changes the target, and cheap: no content is read. "" if it is not there.

    Mode and owner do not count: a later step may set them.
    """
    try:
        found = os.lstat(place.target)
    except OSError:
        return ""
    if not os.path.isdir(place.target) or os.path.islink(place.target):
        return f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"
    from hashlib import sha256

    digest = sha256()
    tops = sorted(names) if place.inside else [""]
    for line in (line for top in tops for line in _lines(os.path.join(place.target, top), top)):
        digest.update(line)
    return digest.hexdigest()


def _lines(path: str, name: str) -> Iterator[bytes]:
    """A line for everything at and below `path`, in a fixed order."""
    try:
        found = os.lstat(path)
    except OSError:
        yield b"missing"
        return
    if os.path.islink(path):
        yield _line(name, "link", os.readlink(path))
    elif not os.path.isdir(path):
        yield _line(name, found.st_size, found.st_mtime_ns)
    else:
        yield _line(name, "folder", "")
        for below in sorted(os.listdir(path)):
            yield from _lines(os.path.join(path, below), f"{name}/{below}")


def _line(*parts: Any) -> bytes:
    return os.fsencode("\0".join(map(str, parts)) + "\n")
