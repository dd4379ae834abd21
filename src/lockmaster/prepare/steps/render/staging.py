"""New files, made beside the old ones and put in their place in one instant each.

Until that instant the old file is whole, whatever happens: kill -9, a full disk, a validator that refuses. A file is
written under a name of its own in the same folder (`.lockmaster-1a2b3c4d-app.conf`: relative includes mean the same),
the files of a folder in a folder of their own in it. What a killed run has left is removed by the next one: whoever
works holds a lock (flock) on what he makes, and a lock ends with its process.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import time

from lockmaster.errors import StepFailedError
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

_PREFIX = ".lockmaster-"
_OURS = re.compile(r"\.lockmaster-[0-9a-f]{8}(-.*)?", re.DOTALL)
_YOUNG = 10.0  # seconds: it may be made by somebody who has no lock yet
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class New(NamedTuple):
    """A file to be written."""

    name: str  # below the base
    data: bytes
    mode: int
    user: int
    group: int


class Staging:
    """A context manager: what was not put in place at its end is removed."""

    def __init__(self, base: str, shown: str, *, folder: bool) -> None:
        self._base, self._shown = base, shown
        self._prefix = f"{_PREFIX}{os.urandom(4).hex()}"
        self.folder = os.path.join(base, self._prefix) if folder else ""
        self._made: dict[str, str] = {}  # name below the base: path of the new file
        self._locks: list[int] = []

    def __enter__(self) -> Self:
        os.makedirs(self._base, 0o755, exist_ok=True)
        _remove_leftovers(self._base)
        if self.folder:
            os.mkdir(self.folder, 0o700)
            self._lock(os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.folder:
            _remove(self.folder)
        for path in self._made.values() if not self.folder else ():
            _unlink(path)
        for lock in self._locks:
            os.close(lock)

    def path(self, name: str) -> str:
        """Where the new file with this name is until it is put in place."""
        return self._made[name]

    def write(self, new: New) -> None:
        """Write a new file to the disk, with its mode and owner."""
        path = self._place(new.name)
        descriptor = os.open(path, _NEW, 0o600)
        self._made[new.name] = path
        try:
            if not self.folder:
                self._lock(os.dup(descriptor))
            rest = memoryview(new.data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            made = os.fstat(descriptor)
            if (new.user, new.group) != (made.st_uid, made.st_gid):
                self._give(descriptor, new)
            os.fchmod(descriptor, new.mode)
            os.fsync(descriptor)
        except OSError as error:
            error.filename = os.path.join(self._shown, new.name)
            raise
        finally:
            os.close(descriptor)

    def put_in_place(self, names: Iterable[str]) -> None:
        """Each of these replaces the old file of its name."""
        folders: set[str] = set()
        for name in names:
            target = os.path.join(self._base, name)
            folders.add(os.path.dirname(target))
            os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
            try:
                os.rename(self._made[name], target)
            except OSError as error:
                raise self._not_replaced(error, name) from error
            del self._made[name]
        for folder in folders:
            _sync(folder)

    def _place(self, name: str) -> str:
        if not self.folder:
            return os.path.join(self._base, f"{self._prefix}-{name}"[:255])
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        return path

    def _give(self, descriptor: int, new: New) -> None:
        try:
            os.fchown(descriptor, new.user, new.group)
        except OSError as error:
            name = os.path.join(self._shown, new.name)
            hint = "run as root or as that user, or name an owner that this user may give: owner: (--owner)"
            message = f"{name}: its owner {new.user}:{new.group} cannot be kept or set: {error.strerror}"
            raise StepFailedError(message, hint=hint) from error

    def _lock(self, descriptor: int) -> None:
        self._locks.append(descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pass  # a file system without locks; then leftovers are told by their age alone

    def _not_replaced(self, error: OSError, name: str) -> StepFailedError:
        hint = ""
        if error.errno in (errno.EBUSY, errno.EXDEV):
            hint = "it is a mount of its own and cannot be replaced: mount the folder, not the file"
        return StepFailedError(f"{os.path.join(self._shown, name)}: {error.strerror}", hint=hint)


def _sync(folder: str) -> None:
    descriptor = os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that has no such thing
            raise
    finally:
        os.close(descriptor)


def _remove_leftovers(folder: str) -> None:
    """What a run that was killed has left."""
    for name in os.listdir(folder):
        if _OURS.fullmatch(name):
            path = os.path.join(folder, name)
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                now = os.fstat(descriptor)
                if time.time() - now.st_mtime > _YOUNG:
                    _remove(path) if stat.S_ISDIR(now.st_mode) else _unlink(path)
            except OSError:
                pass  # somebody works on it, or it is not ours to remove
            finally:
                os.close(descriptor)


def _remove(folder: str) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)  # it follows no link


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
