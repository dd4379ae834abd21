"""`dns:name`: the system's resolver gives it an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.prepare.steps.wait.looking import Look, Seen, Target
from lockmaster.prepare.steps.wait.net import look_up

if TYPE_CHECKING:
    from lockmaster.prepare.steps.wait.spec import Wanted


def check(wanted: Wanted) -> str:
    """What to call it. Raises UsageError."""
    name = _name(wanted.url)
    try:
        good = bool(name.encode("idna")) and not set(name) & set("/:@?#")
    except UnicodeError:
        good = False
    if not good:
        raise UsageError(f"{wanted.url!r} holds no name that a name server could know", hint="dns:db.example.org")
    return f"dns:{name}"


def probe(target: Target, look: Look) -> Seen:
    """Ask for any address of it."""
    look_up(_name(target.wanted.url), 0, look)
    return Seen(ready=True)


def _name(url: str) -> str:
    return url.partition(":")[2].removeprefix("//").rstrip("/")
