"""`file:/path`, `file:relative`: it is there; with `contains`, and holds what matches."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.prepare.steps.wait.looking import Look, NotReadyError, Seen, Target
from lockmaster.prepare.steps.wait.patterns import compiled

if TYPE_CHECKING:
    from lockmaster.prepare.steps.wait.spec import Wanted

_MOST = 1 << 20  # bytes that are looked at


def check(wanted: Wanted) -> str:
    """What to call it. Raises UsageError."""
    path = _path(wanted.url)
    if not path or "\0" in path:
        raise UsageError(f"{wanted.url!r} names no file", hint="file:/tmp/ready")
    if wanted.contains and wanted.until == "absent":
        raise UsageError("a file that is to be absent cannot contain anything", hint="leave one of the two out")
    compiled(wanted.contains, "contains")
    return f"file:{path}"


def probe(target: Target, look: Look) -> Seen:
    """Look whether it exists; read it only where its content matters."""
    look.doing = "looking at the file system"
    path = os.path.join(target.folder, _path(target.wanted.url))
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return Seen(ready=False, state="not there", absent=True)
    if target.wanted.contains:
        _search(path, target.wanted.contains)
    return Seen(ready=True)


def _search(path: str, pattern: str) -> None:
    # without O_NONBLOCK a named pipe would be waited for until somebody writes
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        text = (file.read(_MOST) or b"").decode("utf-8", "replace")
    if not re.search(pattern, text):
        raise NotReadyError(f"there, without what matches {pattern}")


def _path(url: str) -> str:
    """The path in the forms that people write: file:name, file:/path, file:///path, file://localhost/path."""
    rest = url.partition(":")[2]
    if not rest.startswith("//"):
        return rest
    host, slash, path = rest[2:].partition("/")
    if host not in ("", "localhost"):
        raise UsageError(f"{url!r} names a file of another host", hint=f"file:/{host}/{path}, or file:{host}/{path}")
    return slash + path
