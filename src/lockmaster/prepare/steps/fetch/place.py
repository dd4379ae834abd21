"""Where the target is, and where the hidden files go that belong to it: beside it, so that a rename is all it takes.

A folder that is a mount point cannot be renamed, nor can one whose parent may not be written (a read-only root file
system): their hidden files lie in them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.fetch.spec import Fetch

_LONGEST = 180  # characters of a name that are kept in the names of its hidden files


class Place(NamedTuple):
    """A target. `shown` is what to call it."""

    target: str
    shown: str
    folder: str  # of the hidden files
    inside: bool = False  # the target is a folder that stays, and what is in it is replaced

    def hidden(self, suffix: str = "") -> str:
        """The path of a hidden file: `.NAME.lockmaster-SUFFIX`."""
        name = "" if self.inside else "." + os.path.basename(self.target)
        if len(os.fsencode(name)) > _LONGEST:
            from hashlib import sha256

            name = f".{sha256(os.fsencode(name)).hexdigest()[:32]}"
        return os.path.join(self.folder, f"{name}.lockmaster{suffix and '-'}{suffix}")


def place_of(spec: Fetch, context: Context, name: str) -> Place:
    """The place of `spec.to`; its folder is made if it is not there. `name` is what the source calls the thing."""
    to = spec.to
    if to.endswith("/") and not spec.unpack and name:
        to = os.path.join(to, name)
    target = os.path.abspath(context.path(to))
    if target == "/":
        raise UsageError("to: / is not a place for it", hint="name a folder, or a file")
    if os.path.isdir(target) and not os.path.islink(target):
        parent = os.path.dirname(target)
        if _is_mount(target) or not os.access(parent, os.W_OK | os.X_OK):
            return Place(target, to, target, inside=True)
    folder = os.path.dirname(target)
    os.makedirs(folder, exist_ok=True)
    return Place(target, to, folder)


def _is_mount(path: str) -> bool:
    """Whether something is mounted there; also a folder of the same file system (subPath), which stat cannot tell."""
    if os.path.ismount(path):
        return True
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            points = {line.split(" ", 5)[4] for line in file}
    except OSError:
        return False
    return os.path.realpath(path).replace("\\", "\\134").replace(" ", "\\040") in points
