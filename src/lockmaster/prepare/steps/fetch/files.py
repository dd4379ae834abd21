"""A file that is ready takes the place of the one that is there."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from lockmaster.errors import StepFailedError
from lockmaster.prepare.owners import KEEP

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.prepare.owners import Owner
    from lockmaster.prepare.steps.fetch.part import Part
    from lockmaster.prepare.steps.fetch.place import Place

_CHUNK = 1 << 20


def check(place: Place) -> None:
    """Raise StepFailedError if what is at the target is no file. A link counts as one: it is replaced, never followed."""
    try:
        mode = os.lstat(place.target).st_mode
    except OSError:
        return
    if stat.S_ISDIR(mode):
        hint = f"to: {place.shown.rstrip('/')}/ puts the file into it; unpack: true makes it the folder of an archive"
        raise StepFailedError(f"{place.shown} is a folder", hint=hint)
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise StepFailedError(f"{place.shown} is a device or a pipe", hint="name a file")


def put(part: Part, place: Place, mode: int, owner: Owner) -> None:
    """Put the part at the target. Raises StepFailedError, OSError: the old file is whole then."""
    check(place)
    try:
        part.become(place.target, mode, owner)
    except OSError as error:
        import errno

        if error.errno == errno.EBUSY:
            hint = "mount the folder, not the file (no subPath): a mount point cannot be replaced"
            raise StepFailedError(f"{place.shown} is a mount point", hint=hint) from error
        raise OSError(error.errno, error.strerror, place.shown) from error


def digest(path: str, beat: Callable[[int], None]) -> str:
    """SHA-256 of a plain file that has one name only; "" for anything else. No link is followed.

    `beat` hears of each piece, and may raise.
    """
    from hashlib import sha256

    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with open(fd, "rb", buffering=0) as file:
        if not _plain(os.fstat(fd)):
            return ""
        found = sha256()
        while chunk := file.read(_CHUNK):
            found.update(chunk)
            beat(len(chunk))
    return found.hexdigest()


def adjust(path: str, mode: int | None, owner: Owner) -> str:
    """Give the file that is there the wanted mode and owner. What was changed, "" for nothing."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(fd)
        if not _plain(found):
            return ""
        changes: list[str] = []
        wanted = (
            found.st_uid if owner.user == KEEP else owner.user,
            found.st_gid if owner.group == KEEP else owner.group,
        )
        if wanted != (found.st_uid, found.st_gid):
            os.fchown(fd, *wanted)
            changes.append(f"owner {wanted[0]}:{wanted[1]}")
        if mode is not None and (changes or stat.S_IMODE(found.st_mode) != mode):
            os.fchmod(fd, mode)
            changes.append(f"mode {mode:04o}")
    finally:
        os.close(fd)
    return ", ".join(changes)


def _plain(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1
