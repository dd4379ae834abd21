"""A folder as a tar archive that is the same each time: sorted, without owners and times."""

from __future__ import annotations

import gzip
import tarfile
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LEVEL = 6  # 9 is 1 % smaller, and takes five times as long


def add(archive: tarfile.TarFile, path: Path, name: str, wanted: Callable[[str], bool] = lambda _: True) -> None:
    """Add `path`, and what is below it, under `name`. Everything belongs to root, and is of 1970."""
    if not wanted(name):
        return
    entry = archive.gettarinfo(path, name)
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    if entry.islnk():  # a second name of a file: an archive of its own copies serves more readers
        entry.type, entry.linkname, entry.size = tarfile.REGTYPE, "", path.stat().st_size
    if entry.isreg():
        with path.open("rb") as file:
            archive.addfile(entry, file)
        return
    archive.addfile(entry)
    if entry.isdir():
        for below in sorted(path.iterdir()):
            add(archive, below, f"{name}/{below.name}", wanted)


def compressed(target: BinaryIO) -> gzip.GzipFile:
    """A gzip stream without a name and a time."""
    return gzip.GzipFile(filename="", mode="wb", fileobj=target, compresslevel=_LEVEL, mtime=0)


def folder(root: Path, target: Path, name: str, wanted: Callable[[str], bool] = lambda _: True) -> None:
    """Write `root` as `name` into target (tar.gz)."""
    with (
        target.open("wb") as file,
        compressed(file) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        add(archive, root, name, wanted)


def size_of(root: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink())
