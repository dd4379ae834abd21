"""Where the database is: a URL understood, and what the file system says about it. Opens no file.

(POSIX drops all locks of a process on a file as soon as any of its descriptors of it is closed.)
"""

from __future__ import annotations

import os
from stat import S_ISDIR, S_ISREG

from lockmaster.errors import AccessDeniedError, UsageError
from lockmaster.values import NamedTuple

SCHEMES = ("sqlite", "sqlite3", "file")
_REFUSED = {"mode": ("memory",), "vfs": ()}  # parameters that change what is opened; all others are dropped
_PATH = "look at the path with ls -l: each part but the last is a folder, the last a file, and no link leads to itself"
_FORMS = "sqlite:///absolute/path.db, sqlite:relative.db, or Prisma's file:./dev.db"


class Place(NamedTuple):
    """An absolute path. Its text has no query: that is where passwords of encrypting forks stand."""

    path: str

    def __str__(self) -> str:
        return f"sqlite:{self.path}"

    def uri(self, mode: str) -> str:
        """What sqlite3.connect takes. `mode`: "ro", "rw" or "rwc"."""
        quoted = self.path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        return f"file:{quoted}?mode={mode}"

    def exists(self) -> bool:
        """Whether there is a file. Raises UsageError, AccessDeniedError when it can never be one of ours."""
        try:
            mode = os.stat(self.path).st_mode
        except FileNotFoundError:
            return False
        except PermissionError:
            raise AccessDeniedError(f"may not look at {self}: permission denied", hint=_who(self.path)) from None
        except OSError as error:
            raise UsageError(f"{self} cannot be used: {error.strerror}", hint=_PATH) from None
        if S_ISDIR(mode):
            raise UsageError(f"{self} is a directory", hint="name the database file in it")
        if not S_ISREG(mode):
            raise UsageError(f"{self} is a device, a pipe or a socket", hint=_PATH)
        return True

    def identity(self) -> str:
        """Equal for two paths to one file, and different once the file was replaced."""
        if not self.exists():
            return self.path
        found = os.stat(self.path)
        return f"{found.st_dev}:{found.st_ino}"

    def demand_writable(self) -> None:
        """Raise UsageError, AccessDeniedError where a write would fail. SQLite says so late, and only half."""
        exists = self.exists()
        folder = os.path.dirname(self.path)
        if not os.path.isdir(folder):
            raise UsageError(f"the folder of {self} does not exist", hint=f"make {folder}, or mount the volume there")
        for thing in (self.path, folder) if exists else (folder,):
            if not os.access(thing, os.W_OK):
                raise _unwritable(self, thing, exists=exists)


def _unwritable(place: Place, thing: str, *, exists: bool) -> AccessDeniedError:
    if os.statvfs(thing).f_flag & os.ST_RDONLY:
        return AccessDeniedError(f"cannot write to {place}: the file system is read-only", hint="mount it read-write")
    why = "its journal is made in its folder" if exists and thing != place.path else ""
    return AccessDeniedError(
        f"cannot write to {place}: no permission to write {thing}{f' ({why})' if why else ''}",
        hint=_who(thing),
    )


def _who(thing: str) -> str:
    """Owner and mode beside our own user: most often the volume's fsGroup or a chown is missing."""
    try:
        found = os.stat(thing)
    except OSError:
        return f"this process is user {os.geteuid()}, group {os.getegid()}"
    return (
        f"{thing} belongs to user {found.st_uid}, group {found.st_gid}, mode {found.st_mode & 0o7777:o};"
        f" this process is user {os.geteuid()}, group {os.getegid()}"
    )


def parse(text: str, base: str) -> Place:
    """The place that a URL names; `file:` is relative to `base` (the schema's folder). Raises UsageError."""
    scheme, _, rest = text.partition(":")
    path, _, query = rest.partition("?")
    if scheme.lower() not in SCHEMES:
        raise UsageError("not a URL of a SQLite file", hint=f"write {_FORMS}")
    _refuse_parameters(query)
    prisma = scheme.lower() == "file"
    path = _without_authority(path if prisma else _decoded(path))  # Prisma decodes nothing
    if ":memory:" in path:
        raise UsageError("a database in memory ends with its connection", hint=f"write {_FORMS}")
    if not path or "\0" in path or path.endswith("/"):
        raise UsageError("the URL names no database file", hint=f"write {_FORMS}")
    return Place(os.path.join(os.path.abspath(base) if prisma else os.getcwd(), path.removeprefix("./")))


def _without_authority(path: str) -> str:
    """The path behind `//` and `//localhost`; any number of slashes in front is one."""
    if path.startswith("//"):
        path = path[2:].removeprefix("localhost") if path.startswith("//localhost/") else path[2:]
        return "/" + path.lstrip("/") if path.startswith("/") else path
    return path


def _refuse_parameters(query: str) -> None:
    for item in filter(None, query.split("&")):
        name, _, value = item.partition("=")
        if name in _REFUSED and value in (_REFUSED[name] or (value,)):
            raise UsageError(f"the URL parameter {name} cannot be used with a SQLite file", hint=f"write {_FORMS}")


def _decoded(text: str) -> str:
    """Percent-decoded. By hand: urllib.parse would cost every start milliseconds."""
    head, *parts = text.encode().split(b"%")
    try:
        raw = head + b"".join(bytes([int(part[:2], 16)]) + part[2:] for part in parts if len(part) > 1 or _bad())
        return raw.decode()
    except ValueError:
        raise UsageError(
            "the URL has a % that is not followed by two hex digits of UTF-8 text", hint="write %25 for the character %"
        ) from None


def _bad() -> bool:
    raise ValueError
