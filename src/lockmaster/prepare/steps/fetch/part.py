"""The file that grows while a transfer goes on, beside its target and under a hidden name.

What an interrupted transfer left is gone on with: `.NAME.lockmaster-part.json` says which version it is part of. It is
trusted only by the boot of the machine that wrote it: after a power failure its end may be zeros.
Two processes that fetch the same thing at once have a file each: the second one finds the first one's locked.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

from lockmaster.prepare.steps.fetch.aside import Abandoned
from lockmaster.prepare.steps.fetch.hidden import read_json, remove, sync_folder, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lockmaster.prepare.owners import Owner
    from lockmaster.prepare.steps.fetch.place import Place

    Beat = Callable[[int], None]

_CHUNK = 1 << 20
_PATIENCE = 0.5  # seconds
_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class Part:
    """Bytes on their way. The thread that transfers appends; all else belongs to the thread of the step."""

    def __init__(self, place: Place, key: str) -> None:
        """Open it, with what is there of the address `key`. Raises OSError that names the target."""
        self._place, self._key = place, key
        self.path = place.hidden("part")
        self.sole = True  # no other process works at the same target
        self._lock = threading.Lock()
        try:
            self._fd = self._open()
        except OSError as error:
            raise OSError(error.errno, error.strerror, place.shown) from error
        self.size, self.version, self.total = 0, "", -1
        self._digest = sha256()
        self._resume()

    def _open(self) -> int:
        """The one that is there if it is ours alone, else a new one."""
        fd = _open_ours(self.path)
        if fd < 0:
            fd = os.open(self.path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # another process has it, or there are no locks here
            os.close(fd)
            self.sole = False
            self.path += f".{os.getpid()}-{os.urandom(4).hex()}"
            fd = os.open(self.path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        return fd

    def _resume(self) -> None:
        try:
            note = read_json(self._note)
            if note["key"] != self._key or note["boot"] != _boot() or not note["version"]:
                return
            self.version, self.total = str(note["version"]), int(note["total"])
            self.size = os.fstat(self._fd).st_size
        except (OSError, ValueError, KeyError, TypeError):
            self.size = 0

    @property
    def _note(self) -> str:
        return self.path + ".json"

    def begin(self, version: str, total: int, start: int, beat: Beat) -> None:
        """What comes now begins at `start`. `version`: of what it will be part of, "" if it cannot be gone on with.

        `beat` hears of each piece of what is there already, which is read again for the digest of the whole.
        """
        with self._held():
            if start == 0:
                self._digest = sha256()
                self._write_note("", -1)
                os.ftruncate(self._fd, 0)
                self._write_note(version, total)
            else:
                self._digest = _digest_of(self._fd, start, beat)
                os.ftruncate(self._fd, start)
            self.version, self.total, self.size = version, total, start

    def append(self, chunk: bytes) -> None:
        with self._held():
            view = memoryview(chunk)
            while view:
                try:
                    written = os.pwrite(self._fd, view, self.size)
                except OSError as error:
                    raise OSError(error.errno, error.strerror, self._place.shown) from error
                self._digest.update(view[:written])
                self.size += written
                view = view[written:]

    def digest(self) -> str:
        return self._digest.hexdigest()

    def whole(self, beat: Beat) -> None:
        """What was there is all of it: nothing was sent."""
        with self._held():
            self._digest = _digest_of(self._fd, self.size, beat)

    def restart(self) -> None:
        """Forget what is there."""
        self.begin("", -1, 0, lambda _: None)

    def reader(self) -> int:
        """A descriptor of its own, at the beginning."""
        fd = os.dup(self._fd)
        os.lseek(fd, 0, os.SEEK_SET)  # writing has its own place
        return fd

    def become(self, path: str, mode: int, owner: Owner) -> None:
        """Take the place of whatever is at `path`: durable, with mode and owner, in one step. It is closed then."""
        with self._held():
            if owner:
                os.fchown(self._fd, *owner)
            os.fchmod(self._fd, mode)  # after the owner: a change of owner takes bits away
            os.fsync(self._fd)
            os.replace(self.path, path)
        sync_folder(os.path.dirname(path))
        remove(self._note)
        self.close()

    def close(self) -> None:
        """Nobody may write any more; what is there stays if a later run can go on with it."""
        if not self._lock.acquire(timeout=_PATIENCE):  # a disk that hangs, and we are to end: the thread goes with us
            self._fd = -1
            return
        try:
            if self._fd < 0:
                return
            fd, self._fd = self._fd, -1
            if not (self.version and self.size and self.sole):
                self._unlink(fd)
            os.close(fd)
        finally:
            self._lock.release()

    def discard(self) -> None:
        """Leave nothing."""
        self.version = ""
        self.close()

    def _unlink(self, fd: int) -> None:
        """Take it away, unless it has become something else."""
        try:
            if os.path.samestat(os.fstat(fd), os.stat(self.path, follow_symlinks=False)):
                os.unlink(self.path)
                remove(self._note)
        except OSError:
            pass

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Nobody else is at it, and it is open. Raises Abandoned after `close`."""
        with self._lock:
            if self._fd < 0:
                raise Abandoned
            yield

    def _write_note(self, version: str, total: int) -> None:
        """Say what the part is of; before its bytes, so that they are never taken for another version's."""
        if not version:
            remove(self._note)
            return
        note = {"key": self._key, "version": version, "total": total, "boot": _boot()}
        write_json(self._note, note)


def _digest_of(fd: int, size: int, beat: Beat) -> sha256:  # type: ignore[valid-type]
    """The digest of the first `size` bytes, to be gone on with."""
    digest, at = sha256(), 0
    while at < size:
        chunk = os.pread(fd, min(_CHUNK, size - at), at)
        if not chunk:
            raise OSError(errno.EIO, "it became shorter")
        digest.update(chunk)
        at += len(chunk)
        beat(len(chunk))
    return digest


def _open_ours(path: str) -> int:
    """What is there, if it is a plain file and ours alone. Else it goes (something planted?), and this is -1."""
    try:
        fd = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.EACCES):
            raise
    else:
        if _is_ours(fd):
            return fd
        os.close(fd)
    remove(path)
    return -1


def _is_ours(fd: int) -> bool:
    found = os.fstat(fd)
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_uid == os.geteuid()


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
