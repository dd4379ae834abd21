"""A tree, walked by descriptors: no name is ever resolved again, and no symbolic link followed.

A folder is opened below the one it was found in (openat, O_NOFOLLOW); whoever swaps it for a link makes that fail, and
whoever moves it away moves it with us in it. Entries that are right already cost one fstatat and nothing else.

Open at a time are only folders of which something below is still to be entered, so that a tree may be deep.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from lockmaster.errors import StepFailedError
from lockmaster.prepare.steps.permissions import mounts
from lockmaster.prepare.steps.permissions.entry import HANDLES
from lockmaster.prepare.steps.permissions.opening import HANDLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.prepare.steps.permissions.crew import Crew
    from lockmaster.prepare.steps.permissions.entry import Wish
    from lockmaster.prepare.steps.permissions.found import Found

LINKED = "it has several names, and one may be outside"
MOUNTED = "it is mounted from elsewhere"
DEVICE = "it is a device"
SWAPPED = "somebody put something else there meanwhile"
TOO_DEEP = "its path is longer than the kernel tells, so that nothing about it is sure"
_PARENT = getattr(os, "O_PATH", 0) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READ = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_GONE = (errno.ENOENT, errno.ESTALE)
_SWAPPED = (errno.ELOOP, errno.ENOTDIR)
_EACH = 512  # entries between two looks at whether to go on


class Folder:
    """An open folder, kept until everything below it was entered. `path` is its place below the first one."""

    __slots__ = ("fd", "path", "pending")

    def __init__(self, handle: int, path: str) -> None:
        self.fd, self.path, self.pending = os.open(".", READ, dir_fd=handle), path, 0


class Walk:
    """Puts right what is below one path. Its methods may be called by several threads at once."""

    def __init__(self, wish: Wish, found: Found, *, linked: str, check: bool) -> None:
        self._wish, self._found, self._linked, self._check = wish, found, linked, check
        self._mount = ""  # the number of the mount that we stay in, "" for no limit
        self._excluded: Callable[[str], bool] | None = None
        try:
            self._handles = os.open(HANDLES, READ)
        except OSError as error:
            raise StepFailedError(f"{HANDLES}: {error.strerror}", hint="it needs a mounted /proc") from error

    def close(self) -> None:
        os.close(self._handles)

    def limit(self, root: int, excluded: Callable[[str], bool] | None, *, one_file_system: bool) -> None:
        """Leave alone what is excluded, and what is mounted below `root`."""
        self._excluded = excluded
        if one_file_system and mounts.any_below(root):
            self._mount = mounts.number_of(root)

    def enter(self, parent: int, name: str, path: str, below: str) -> Folder | None:
        """Put a folder right and open it; None if it is not there any more, or not ours. `below` is its path inside."""
        try:
            handle = os.open(name, HANDLE | os.O_DIRECTORY, dir_fd=parent)
        except OSError as error:
            self._lost(error, path)
            return None
        try:
            return Folder(handle, below) if self.one(handle, path) else None
        except OSError as error:
            error.filename = path
            raise
        finally:
            os.close(handle)

    def entries(self, folder: Folder, shown: str, crew: Crew) -> list[str]:
        """Put right what is in a folder. Returns the names of the folders in it."""
        folders: list[str] = []
        plan, excluded, looked = self._wish.plan, self._excluded, 0
        prefix = f"{folder.path}/" if folder.path else ""
        with os.scandir(folder.fd) as items:
            for item in items:
                name = item.name
                looked += 1
                if looked % _EACH == 0:
                    crew.check()
                    self._found.add(_EACH)
                if excluded is not None and excluded(prefix + name):
                    continue
                try:
                    now = item.stat(follow_symlinks=False)
                except OSError as error:
                    self._lost(error, f"{shown}/{name}")
                    continue
                if stat.S_ISDIR(now.st_mode):
                    folders.append(name)
                elif plan(now) is not None:
                    self._differing(folder.fd, name, f"{shown}/{name}")
        self._found.add(looked % _EACH)
        return folders

    def _differing(self, parent: int, name: str, path: str) -> None:
        """Something that was not right a moment ago, by its name."""
        try:
            handle = os.open(name, HANDLE, dir_fd=parent)
        except OSError as error:
            self._lost(error, path)
            return
        try:
            self.one(handle, path)
        finally:
            os.close(handle)

    def one(self, handle: int, path: str) -> bool:
        """Put one right, by its handle. False if it is not ours to touch."""
        if self._mount and mounts.number_of(handle) != self._mount:
            self._found.leave(path, MOUNTED)
            return False
        now = os.fstat(handle)
        plan = self._wish.plan(now)
        if plan is None:
            return True
        if now.st_nlink == 0:  # removed meanwhile
            return False
        if why := self._untouchable(handle, now):
            self._found.leave(path, why)
            return False
        if not self._check:
            try:
                self._wish.put_right(handle, self._handles, now, plan)
            except OSError as error:
                error.filename = path  # and not a number in /proc/self/fd
                raise
        self._found.change(path, lambda: self._wish.words(now, plan))
        return True

    def _untouchable(self, handle: int, now: os.stat_result) -> str:
        """Why this one is not to be changed, "" if it may be."""
        if stat.S_ISBLK(now.st_mode) or stat.S_ISCHR(now.st_mode):
            return DEVICE
        if stat.S_ISDIR(now.st_mode) or self._linked == "allow":
            return ""
        return LINKED if now.st_nlink > 1 else self._unlinked(handle)

    def _unlinked(self, handle: int) -> str:
        """Why a file that had one name a moment ago may have been another one's, "" if it cannot.

        Somebody may plant a second name of a file outside, and remove it between our open and our count: then the one
        name that was counted is the one outside. A name that was removed stays so for the handle that was opened by it
        (the kernel says `(deleted)`), also where it is planted again. The kernel counts down first and marks the name
        as removed later, but holds its folder locked over both; to look for a name that nobody has needs that lock
        too, so what was being removed is marked when the look comes back. If the name is still there then, it was
        there when names were counted, and was the only one.
        """
        try:
            name = self._name_of(handle)
            if name.endswith(" (deleted)") or not self._is_at(handle, name):
                return SWAPPED
            return "" if self._name_of(handle) == name else SWAPPED
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return TOO_DEEP
            raise

    def _name_of(self, handle: int) -> str:
        return os.readlink(str(handle), dir_fd=self._handles)

    def _is_at(self, handle: int, name: str) -> bool:
        """Whether the file is at this name, and has no other, once everything in its folder that was begun has ended."""
        folder, _, last = name.rpartition("/")
        try:
            parent = os.open(folder or "/", _PARENT)
        except OSError:
            return False
        try:
            with suppress(FileNotFoundError):
                os.stat(f".lockmaster-{os.urandom(8).hex()}", dir_fd=parent, follow_symlinks=False)
            there, ours = os.stat(last, dir_fd=parent, follow_symlinks=False), os.fstat(handle)
        except OSError:
            return False
        finally:
            os.close(parent)
        return (there.st_dev, there.st_ino, ours.st_nlink) == (ours.st_dev, ours.st_ino, 1)

    def _lost(self, error: OSError, path: str) -> None:
        if error.errno in _SWAPPED:
            self._found.leave(path, SWAPPED)
        elif error.errno not in _GONE:
            error.filename = path
            raise error
