"""A folder written entry by entry, in a way that nothing in it can reach outside of it.

The folder is new, and ours alone until it is done. Names are plain: no `..`, not absolute. While files are written no
symbolic link exists in it, so none can be followed: links are made at the very end, each in a real folder. A link
leads to a place inside: it may begin with `..` as often as it is deep, and has none after that, so that other links on
its way cannot lead it out. Hard links are made only to files written here. Nothing else is made: no devices, no pipes.
Special bits (setuid, setgid, sticky) and what others may write are left out, as tarfile's data filter does.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lockmaster.errors import StepFailedError
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lockmaster.prepare.modes import Mode
    from lockmaster.prepare.owners import Owner
    from lockmaster.prepare.steps.fetch.ports import Entry


class Limits(NamedTuple):
    """What a folder may hold."""

    size: int
    files: int


class Builder:
    """Writes entries into `root`, which it makes. `beat` is called with the bytes of each chunk."""

    def __init__(self, root: str, limits: Limits, strip: int, beat: Callable[[int], None]) -> None:
        self.root, self._limits, self._strip, self._beat = root, limits, strip, beat
        self.files, self.size = 0, 0
        self._written: dict[str, int] = {}  # with their modes
        self._links: dict[str, str] = {}
        self._folders: dict[str, None] = {"": None}
        os.mkdir(root, 0o700)

    def add(self, entries: Iterable[Entry]) -> None:
        """Write them all. Raises StepFailedError for what may not be."""
        for count, entry in enumerate(entries, 1):
            if count > self._limits.files:
                raise StepFailedError(f"it has more than {self._limits.files} entries", hint="max_files allows more")
            parts = components(entry.path)[self._strip :]
            if parts:
                self._one(entry, "/".join(parts))
            self._beat(512)
        self._make_links()

    def finish(self, mode: Mode | None, owner: Owner) -> None:
        """Set modes and owners, and make it all durable. From here on it is as it will be seen."""
        for path, own in self._written.items() if mode else ():
            os.chmod(os.path.join(self.root, path), mode.of(own, folder=False))  # type: ignore[union-attr]
        for path in (*self._written, *self._links, *self._folders) if owner else ():
            os.chown(os.path.join(self.root, path), *owner, follow_symlinks=False)
        folders = _mode_of_folders(mode)
        for path in reversed(self._folders):
            os.chmod(os.path.join(self.root, path), folders)
        sync_all(self.root)

    def _one(self, entry: Entry, path: str) -> None:
        if entry.kind == "link":
            self._links[path] = _inside(entry.target, path)
            self.files += 1
            return
        if entry.kind == "folder":
            self._folder(path)
            return
        if path in self._links:
            raise StepFailedError(f"{path} is a link and a file at once", hint="the archive is broken, or an attack")
        self._folder(path.rpartition("/")[0])
        full = os.path.join(self.root, path)
        if path in self._written:
            os.unlink(full)  # the last one counts, as with tar
        if entry.kind == "same":
            self._written[path] = self._same(entry.target, path, full)
        else:
            self._written[path] = self._file(entry, full)
        self.files += 1

    def _file(self, entry: Entry, full: str) -> int:
        """Write it. Its mode."""
        mode = entry.mode & 0o755 | 0o600
        fd = os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(fd, "wb", buffering=0) as file:
            for chunk in entry.chunks():
                self.size += len(chunk)
                if self.size > self._limits.size:
                    raise too_large(self._limits.size)
                view = memoryview(chunk)
                while view:
                    view = view[file.write(view) :]
                self._beat(len(chunk))
            os.fchmod(fd, mode)
        return mode

    def _same(self, target: str, path: str, full: str) -> int:
        first = "/".join(components(target)[self._strip :])
        if first not in self._written or first == path:
            raise StepFailedError(f"{path} is a hard link to {target!r}, which is no file before it", hint=_ATTACK)
        os.link(os.path.join(self.root, first), full, follow_symlinks=False)
        return self._written[first]

    def _folder(self, path: str) -> None:
        """Make it and those above it. No link is in the way: there are none yet."""
        if path in self._folders:
            return
        self._folder(path.rpartition("/")[0])
        if path in self._written:
            raise StepFailedError(f"{path} is a file and a folder at once", hint=_ATTACK)
        os.mkdir(os.path.join(self.root, path), 0o700)
        self._folders[path] = None

    def _make_links(self) -> None:
        for path in self._links:
            self._folder(path.rpartition("/")[0])
        for path, target in self._links.items():
            try:
                os.symlink(target, os.path.join(self.root, path))
            except FileExistsError:
                raise StepFailedError(f"{path} is a link and something else at once", hint=_ATTACK) from None


_FOLDER = 0o755
_ATTACK = "nothing was put in place; do not trust where this archive comes from"


def _mode_of_folders(mode: Mode | None) -> int:
    """As the files' mode says; an octal one is meant for files: who may read a folder may enter it."""
    if mode is None:
        return _FOLDER
    made = mode.of(_FOLDER, folder=True)
    return made | (made & 0o444) >> 2 if mode.text.isdigit() else made


def components(name: str) -> list[str]:
    """The parts of a name. Raises StepFailedError for one that leads out of its folder."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\0" in name:
        raise StepFailedError(f"the name {name!r} leads out of its folder", hint=_ATTACK)
    return parts


def _inside(target: str, path: str) -> str:
    """The target of the link at `path`. Raises StepFailedError for one that may lead out."""
    parts = [part for part in target.split("/") if part not in ("", ".")]
    up = next((at for at, part in enumerate(parts) if part != ".."), len(parts))
    if not target or target.startswith("/") or "\0" in target or up > path.count("/") or ".." in parts[up:]:
        raise StepFailedError(f"the link {path} leads out of its folder, to {target!r}", hint=_ATTACK)
    return target


def too_large(limit: int) -> StepFailedError:
    """What to say of something larger than it may be."""
    return StepFailedError(f"it is larger than max_size ({limit} bytes)", hint="a larger max_size lets it pass")


def sync_all(path: str) -> None:
    """Make the file system of `path` durable: one call for a hundred thousand files."""
    from ctypes import CDLL

    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        syncfs = getattr(CDLL(None), "syncfs", None)
        if syncfs is None or syncfs(fd) != 0:
            os.sync()
    finally:
        os.close(fd)
