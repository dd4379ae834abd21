"""The file that is to be replaced: what is in it, and whose it is."""

from __future__ import annotations

import errno
import os
import stat

from lockmaster.errors import StepFailedError
from lockmaster.prepare.owners import shown as owner_shown
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.prepare.steps.render.staging import New


class Old(NamedTuple):
    """A file as it is."""

    data: bytes
    mode: int
    user: int
    group: int


def read(path: str, shown: str) -> Old | None:
    """None if there is none. Raises StepFailedError for what is not to be replaced: a link, a folder, a device."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP and os.path.islink(path):
            hint = "name the file that it leads to, or remove the link"
            raise StepFailedError(f"{shown}: it is a symbolic link to {os.readlink(path)}", hint=hint) from None
        raise StepFailedError(f"{shown}: {error.strerror}", hint="look at its owner and mode") from error
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        now = os.fstat(descriptor)
        if not stat.S_ISREG(now.st_mode):
            what = "a folder" if stat.S_ISDIR(now.st_mode) else "no file"
            raise StepFailedError(f"{shown}: it is {what}, and cannot be replaced by one")
        return Old(file.read(), stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid)


def differs(old: Old | None, new: New) -> str:
    """What is different, in words; "" if nothing is."""
    if old is None:
        return f"new, mode {new.mode:04o}, owner {owner_shown(new.user, new.group)}"
    parts = [f"{len(new.data)} bytes, were {len(old.data)}"] if old.data != new.data else []
    if old.mode != new.mode:
        parts.append(f"mode {old.mode:04o} -> {new.mode:04o}")
    if (old.user, old.group) != (new.user, new.group):
        parts.append(f"owner {owner_shown(old.user, old.group)} -> {owner_shown(new.user, new.group)}")
    return ", ".join(parts)


def new_group(folder: str) -> int:
    """The group that a new file gets in a folder: that of the folder, where it says so by its setgid bit (fsGroup)."""
    try:
        now = os.stat(folder)
    except OSError:
        return os.getegid()
    return now.st_gid if now.st_mode & stat.S_ISGID else os.getegid()
