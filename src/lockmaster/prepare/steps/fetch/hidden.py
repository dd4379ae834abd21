"""Small hidden files beside a target, in folders that others may write to: nothing planted there is followed."""

from __future__ import annotations

import errno
import json
import os
import stat
from typing import Any

_MOST = 1 << 24  # bytes: the names in a folder of a hundred thousand


def read_json(path: str) -> Any:
    """What is in the file. Raises OSError, ValueError; a pipe does not hold us, and no link leads elsewhere."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(fd, encoding="utf-8") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "not a plain file", path)
        return json.loads(file.read(_MOST))


def write_json(path: str, value: Any) -> None:
    """Write the file, whole or not at all. What is at its place goes, whatever it is."""
    draft = f"{path}.{os.getpid()}"
    remove(draft)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(fd, "w", encoding="utf-8") as file:
        json.dump(value, file)
    if os.path.isdir(path) and not os.path.islink(path):
        remove(path)
    os.replace(draft, path)


def remove(path: str) -> None:
    """Remove a file, a link or a folder; nothing there is fine. No link is followed."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except (IsADirectoryError, PermissionError):
        if not os.path.isdir(path) or os.path.islink(path):
            raise
        import shutil

        shutil.rmtree(path, onerror=_openly)


def _openly(_function: object, path: str, _error: object) -> None:
    """A folder without w keeps its entries: ours may be so, by `mode`. It is opened, and the removal gone on with."""
    os.chmod(os.path.dirname(path), 0o700)
    if os.path.isdir(path) and not os.path.islink(path):
        os.chmod(path, 0o700)
        import shutil

        shutil.rmtree(path)
    else:
        os.unlink(path)


def sync_folder(path: str) -> None:
    """Make names in a folder durable, where the file system knows how."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(fd)
