"""Why it failed, for `kubectl describe pod`: the container's termination message.

Kubernetes keeps 4096 bytes of it. The most important comes first, every part has its share, and so the command to
run next is never what is cut off.
"""

from __future__ import annotations

from lockmaster.cli.escape import lines, one_line
from lockmaster.settings.secret import mask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockmaster.errors import LockmasterError

MOST = 4096
_MESSAGE, _HINT, _DETAIL, _LAST = 800, 1000, 600, 1700  # bytes
_FIRST = ("migration", "line", "sqlstate", "in the database now", "statement")


def render(error: LockmasterError, secrets: Sequence[str] = ()) -> bytes:
    """At most 4096 bytes of valid UTF-8: error, migration, line, SQLSTATE, what is in the database, next command."""
    head = _cut(f"error: {one_line(mask(error.message, *secrets))}", _MESSAGE) + "\n"
    hint = _cut("hint: " + lines(mask(error.hint, *secrets)).strip(), _HINT) + "\n" if error.hint else ""
    left = MOST - _size(head) - _size(hint)
    body = ""
    for name in sorted(error.details, key=_rank):
        value = lines(mask(str(error.details[name]), *secrets)).strip()
        line = (_end(name, value) if name == "last lines" else _cut(f"{name}: {value}", _DETAIL)) + "\n"
        if value and _size(body + line) <= left:
            body += line
    return (head + body + hint).encode("utf-8", "backslashreplace")


def write(path: str, message: bytes) -> None:
    """Leave the message at `path`. That it cannot be written is never an error: the exit status says enough."""
    try:
        with open(path, "wb") as file:
            file.write(message)
    except (OSError, ValueError):
        pass


def _rank(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "backslashreplace"))


def _end(name: str, value: str) -> str:
    """Of what a command said the end counts: whole lines of it, as many as there is room for."""
    kept = value.splitlines()
    while len(kept) > 1 and _size("\n".join(kept)) > _LAST:
        del kept[0]
    return _cut(f"{name}:\n" + "\n".join(kept), _LAST + 100)


def _cut(text: str, most: int) -> str:
    """The text in at most `most` bytes, never through the middle of a character."""
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= most:
        return data.decode()
    return data[: most - 3].decode("utf-8", "ignore") + "..."
