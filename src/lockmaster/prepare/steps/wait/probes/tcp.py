"""`tcp://host:port`, `unix:///path`: somebody takes connections. Nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.prepare.steps.wait.address import address
from lockmaster.prepare.steps.wait.looking import Look, Seen, Target
from lockmaster.prepare.steps.wait.net import connect

if TYPE_CHECKING:
    from lockmaster.prepare.steps.wait.spec import Wanted


def check(wanted: Wanted) -> str:
    """What to call it. Raises UsageError."""
    if wanted.url.lower().startswith("unix:"):
        return f"unix://{_socket(wanted.url)}"
    place = address(wanted)
    if place.path.strip("/") or place.query or place.user:
        raise UsageError(f"{place.shown} has more than host and port", hint=f"tcp://{place.host}:{place.port}")
    return place.shown


def probe(target: Target, look: Look) -> Seen:
    """Connect, and go."""
    if target.wanted.url.lower().startswith("unix:"):
        connect(_socket(target.wanted.url), 0, look).close()
    else:
        place = address(target.wanted)
        connect(place.host, place.port, look).close()
    return Seen(ready=True)


def _socket(url: str) -> str:
    path = url[5:].removeprefix("//")
    if not path.startswith("/"):
        raise UsageError(f"{url} is not the path of a socket", hint="unix:///run/app.sock")
    return path
