"""One file or folder, looked at and put right by its handle: what was looked at is what is changed.

The handle (O_PATH) names the file itself. It is changed through /proc/self/fd, because chown and chmod refuse such a
descriptor; that leads to the very file, and follows no symbolic link even where the handle is one.
"""

from __future__ import annotations

import os
import stat

from lockmaster.prepare import owners
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.prepare.modes import Mode
    from lockmaster.prepare.owners import Owner

HANDLES = "/proc/self/fd"
_BITS, _SPECIAL = 0o7777, 0o6000
_KEEP = owners.KEEP
_MOST_KNOWN = 10_000


class Plan(NamedTuple):
    """What an entry is to become: whether its owner changes, and its mode afterwards."""

    chown: bool
    mode: int


class Wish:
    """What all are to have. A mode that is None is to stay."""

    def __init__(self, owner: Owner, file_mode: Mode | None, dir_mode: Mode | None) -> None:
        self.owner, self._file_mode, self._dir_mode = owner, file_mode, dir_mode
        self._plans: dict[tuple[int, int, int], Plan | None] = {}  # few: most entries of a tree are alike

    def plan(self, now: os.stat_result) -> Plan | None:
        """What is to be done with an entry, None if it is right."""
        key = (now.st_mode, now.st_uid, now.st_gid)
        try:
            return self._plans[key]
        except KeyError:
            plan = self._planned(now)
            if len(self._plans) < _MOST_KNOWN:
                self._plans[key] = plan
            return plan

    def _planned(self, now: os.stat_result) -> Plan | None:
        user, group = self.owner
        chown = (user not in (_KEEP, now.st_uid)) or (group not in (_KEEP, now.st_gid))
        mode = self._mode(now.st_mode)
        return Plan(chown, mode) if chown or mode != now.st_mode & _BITS else None

    def _mode(self, mode: int) -> int:
        """The permission bits that an entry with this st_mode is to have. A link has none of its own."""
        folder = stat.S_ISDIR(mode)
        wanted = self._dir_mode if folder else self._file_mode
        if wanted is None or stat.S_ISLNK(mode):
            return mode & _BITS
        return wanted.of(mode & _BITS, folder=folder)

    def put_right(self, handle: int, handles: int, now: os.stat_result, plan: Plan) -> None:
        """Do it. `handles` is the open folder HANDLES."""
        name, mode = str(handle), plan.mode
        if plan.chown:
            os.chown(name, *self.owner, dir_fd=handles)
            if now.st_mode & _SPECIAL:  # the kernel has taken setuid and setgid from a file
                now = os.fstat(handle)
                mode = self._mode(now.st_mode)
        if mode != now.st_mode & _BITS:
            os.chmod(name, mode, dir_fd=handles)

    def words(self, now: os.stat_result, plan: Plan) -> str:
        """What becomes different: owner 0:0 -> 999:999, mode 0755 -> 0750."""
        parts: list[str] = []
        if plan.chown:
            user, group = self.owner
            after = owners.shown(now.st_uid if user == _KEEP else user, now.st_gid if group == _KEEP else group)
            parts.append(f"owner {owners.shown(now.st_uid, now.st_gid)} -> {after}")
        if plan.mode != now.st_mode & _BITS:
            parts.append(f"mode {now.st_mode & _BITS:04o} -> {plan.mode:04o}")
        return ", ".join(parts)
