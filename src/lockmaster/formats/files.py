"""Folders and scripts as they are on disk, and every way in which they cannot be used, told in one line.

Shared by the formats, and knows none of them. `os` and not `pathlib`: that import alone costs more than reading a
folder of a thousand migrations, and every pod pays it.
"""

from __future__ import annotations

import errno
import os
from codecs import utf_8_decode

from lockmaster.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import DirEntry

_CHUNK = 1 << 20


def entries(folder: str) -> list[DirEntry[str]]:
    """What is in the folder, in no order. Raises UsageError: no folder, not a folder, unreadable, a loop of links."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError as error:
        raise unusable(folder, error, "the folder of migrations") from error


def is_folder(entry: DirEntry[str]) -> bool:
    """Whether this is a directory, or a link to one. Raises UsageError for a loop of links."""
    try:
        return entry.is_dir()
    except OSError as error:
        raise unusable(entry.path, error, "a directory") from error


def is_file(entry: DirEntry[str]) -> bool:
    """Whether this is a file, or a link to one. Raises UsageError for a loop of links."""
    try:
        return entry.is_file()
    except OSError as error:
        raise unusable(entry.path, error, "a file") from error


def content(path: str, most: int = -1) -> bytes | None:
    """The bytes of a file, or its first `most`; None where there is none. Raises UsageError: unreadable."""
    try:
        with open(path, "rb") as file:
            return file.read(most)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unusable(path, error, "a file") from error


def read(path: str, *, missing: UsageError | None = None) -> bytes:
    """The bytes of a script, proven to be UTF-8 without NUL. A byte order mark stays in them.

    Raises UsageError with the line of the first bad byte; `missing` instead where there is no such file. NUL is
    refused here because libpq takes C strings: what stands after it would silently never be sent (A2).
    """
    script = content(path)
    if script is None:
        raise missing or UsageError(f"{path} is gone", hint="it was there when the folder was listed")
    bad = _not_utf8(script)
    if bad is not None:
        raise UsageError(
            f"{path}:{_line(script, bad)}: byte 0x{script[bad]:02x} is not UTF-8",
            hint="save the file as UTF-8",
        )
    nul = script.find(b"\0")
    if nul >= 0:
        raise UsageError(f"{path}:{_line(script, nul)}: a NUL byte", hint="no SQL script has one: remove it")
    return script


def name_fits(name: str, path: str, most: int) -> None:
    """Raise UsageError for a name that is not text, or is longer than the history can hold."""
    if not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError:
            raise UsageError(f"the name of {path!r} is not UTF-8", hint="rename it") from None
    if len(name) > most:
        raise UsageError(
            f"the name of {path} has {len(name)} characters; its history holds {most}", hint="rename it, shorter"
        )


def unusable(path: str, error: OSError, what: str) -> UsageError:
    """The error of the operating system as a fact about `path` that a person can act on."""
    if error.errno == errno.ELOOP:
        return UsageError(f"{path} is a loop of symbolic links", hint=f"make it {what}")
    if error.errno == errno.ENOENT:
        return UsageError(f"{path} does not exist", hint=f"--dir names {what}; relative to {os.getcwd()}")
    if error.errno == errno.ENOTDIR:
        return UsageError(f"{path} is not a directory", hint=f"--dir names {what}")
    if error.errno in (errno.EACCES, errno.EPERM):
        return UsageError(f"{path} cannot be read: permission denied", hint=f"this process runs as user {os.geteuid()}")
    return UsageError(f"{path} cannot be read: {error.strerror}")


def _not_utf8(script: bytes) -> int | None:
    """Offset of the first byte that is not UTF-8. In pieces, so that a large script is never held as text too."""
    if script.isascii():
        return None
    view = memoryview(script)
    at = 0
    while at < len(view):
        try:
            _, used = utf_8_decode(view[at : at + _CHUNK], "strict", at + _CHUNK >= len(view))
        except UnicodeDecodeError as error:
            return at + error.start
        at += used
    return None


def _line(script: bytes, offset: int) -> int:
    return script.count(b"\n", 0, offset) + 1
