"""A bundle is copied whole or not at all: its program, which is what one starts, is put there last.

    take the folder's lock ─▶ copy aside, inside the folder ─▶ remove the program ─▶ swap the parts ─▶ put the program there

Whoever is killed on the way leaves a folder without the program, and the next copy begins anew. No shell and no `cp` is
needed, nor a way to rename the folder itself: it may be the mount of a volume.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile

from lockmaster.bundled import DESCRIPTION
from lockmaster.errors import StepFailedError, UsageError

PROGRAM = "lockmaster"
# DESCRIPTION first: from then on the folder is known as ours; the program is not among them
_PARTS = (DESCRIPTION, "LICENSE", "THIRD-PARTY", "bin", "lib", "libexec", "extras")
_ASIDE = ".lockmaster-copy-"


def copy(source: str, target: str, *, extras: bool) -> bool:
    """Make `target` a copy of the bundle at `source`. False when it was one already. Raises LockmasterError."""
    import fcntl

    parts = [part for part in _PARTS if os.path.lexists(os.path.join(source, part)) and (extras or part != "extras")]
    try:
        os.makedirs(target, exist_ok=True)
        folder = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)  # freed by the kernel when we are gone, however that comes
            return _copy(source, target, parts)
        finally:
            os.close(folder)
    except OSError as error:
        hint = "can the user of this container write there, and is there room for 50 MB?"
        raise StepFailedError(f"{error.filename or target}: {error.strerror}", hint=hint) from error


def _copy(source: str, target: str, parts: list[str]) -> bool:
    _refuse_what_is_not_ours(target)
    if _same(source, target, parts):
        return False
    for name in os.listdir(target):  # of somebody who was killed: the lock is ours
        if name.startswith(_ASIDE):
            shutil.rmtree(os.path.join(target, name))
    aside = tempfile.mkdtemp(prefix=_ASIDE, dir=target)
    try:
        for part in (*parts, PROGRAM):
            _copy_part(os.path.join(source, part), os.path.join(aside, part))
        _swap(aside, target, parts)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return True


def _copy_part(source: str, target: str) -> None:
    """With modes and links, without times and owners; the modes are the source's, whatever the umask."""
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
    elif os.path.isdir(source):  # not copytree: it goes on after a full disk, and forgets what was wrong
        os.mkdir(target)
        for name in os.listdir(source):
            _copy_part(os.path.join(source, name), os.path.join(target, name))
        shutil.copymode(source, target)
    else:
        shutil.copy(source, target)


def _swap(aside: str, target: str, parts: list[str]) -> None:
    program = os.path.join(target, PROGRAM)
    if os.path.lexists(program):
        os.unlink(program)
    old = os.path.join(aside, "old")
    os.mkdir(old)
    for part in _PARTS:
        place = os.path.join(target, part)
        if os.path.lexists(place) and part != DESCRIPTION:
            os.rename(place, os.path.join(old, part))
        if part in parts:
            os.rename(os.path.join(aside, part), place)
    os.rename(os.path.join(aside, PROGRAM), program)


def _same(source: str, target: str, parts: list[str]) -> bool:
    """Whether the target is whole, and the same bundle."""
    if not os.path.lexists(os.path.join(target, PROGRAM)):
        return False
    has_extras = os.path.lexists(os.path.join(target, "extras"))
    return _digest(source) == _digest(target) and has_extras == ("extras" in parts)


def _digest(folder: str) -> str:
    with open(os.path.join(folder, DESCRIPTION), encoding="utf-8") as file:
        return str(json.load(file)["sha256"])


def _refuse_what_is_not_ours(target: str) -> None:
    """`bundle copy /usr` must not swap /usr/lib."""
    there = [part for part in (*_PARTS, PROGRAM) if os.path.lexists(os.path.join(target, part))]
    if there and DESCRIPTION not in there:
        hint = "name an empty folder, or one that holds a bundle"
        raise UsageError(f"{target} has a {there[0]} that is not of a bundle", hint=hint)
