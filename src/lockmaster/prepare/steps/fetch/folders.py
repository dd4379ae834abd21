"""A folder that is ready takes the place of the one that is there.

Linux can exchange two names in one step: the target is the old folder or the new one, never nothing. Where the file
system cannot do that, the old one is renamed first, and for an instant there is none. A folder that stays (a mount
point) gets its entries one by one; whoever reads meanwhile may see some of both.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lockmaster.errors import StepFailedError
from lockmaster.prepare.steps.fetch.hidden import remove, sync_folder

if TYPE_CHECKING:
    from lockmaster.prepare.steps.fetch.place import Place
    from lockmaster.prepare.steps.fetch.record import Record

_AT_CWD, _EXCHANGE = -100, 2


def check(place: Place, before: Record | None, *, replace: bool) -> None:
    """Raise StepFailedError if something is at the target that is not ours to replace."""
    if replace or before or not os.path.lexists(place.target) or os.path.islink(place.target):
        return
    if not os.path.isdir(place.target):
        raise StepFailedError(
            f"{place.shown} is a file, and a folder is to be put there", hint="remove it, or replace: true"
        )
    if not place.inside and os.listdir(place.target):
        hint = "another folder, or replace: true to lose what is in it"
        raise StepFailedError(f"{place.shown} has something in it that fetch did not put there", hint=hint)


def put(built: str, place: Place, before: Record | None, *, replace: bool) -> tuple[str, ...]:
    """Put the folder `built` at the target. The names in it."""
    names = tuple(sorted(os.listdir(built)))
    if place.inside:
        _fill(built, place, names, before, replace=replace)
    elif not os.path.lexists(place.target):
        os.rename(built, place.target)
    elif _exchange(built, place.target):
        remove(built)
    else:
        old = place.hidden("old")
        remove(old)
        os.rename(place.target, old)
        os.rename(built, place.target)
        remove(old)
    sync_folder(place.folder)
    return names


def mend(place: Place) -> None:
    """Finish what a run left that died: its half-made folder goes, and an old one without a new one comes back."""
    old = place.hidden("old")
    if os.path.lexists(old) and not os.path.lexists(place.target):
        os.rename(old, place.target)
    for path in (old, place.hidden("new"), place.hidden("scratch")):
        remove(path)


def _fill(built: str, place: Place, names: tuple[str, ...], before: Record | None, *, replace: bool) -> None:
    """Entry by entry; what the last run put there and this one does not have goes."""
    ours = set(before.names) if before else set()
    for name in names:
        if not replace and name not in ours and os.path.lexists(os.path.join(place.target, name)):
            hint = "another folder, or replace: true to lose it"
            raise StepFailedError(f"{place.shown}/{name} is there, and fetch did not put it there", hint=hint)
    for name in names:
        source, target = os.path.join(built, name), os.path.join(place.target, name)
        if not os.path.isdir(target) or os.path.islink(target):
            if os.path.isdir(source) and not os.path.islink(source):
                remove(target)
            os.rename(source, target)
        elif not _exchange(source, target):
            remove(target)
            os.rename(source, target)
    for name in ours - set(names):
        if name and "/" not in name and name not in (".", ".."):
            remove(os.path.join(place.target, name))
    remove(built)


def _exchange(one: str, other: str) -> bool:
    """Exchange two names in one step, where the system can."""
    from ctypes import CDLL, c_char_p, c_int, c_uint

    rename = getattr(CDLL(None), "renameat2", None)
    if rename is None:
        return False
    rename.argtypes = (c_int, c_char_p, c_int, c_char_p, c_uint)
    return bool(rename(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), _EXCHANGE) == 0)
