"""`fetch` runs the step in this process, as `lockmaster up` would, and keeps what it tells."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from lockmaster.prepare import types
from lockmaster.prepare.alone import World, alone
from lockmaster.prepare.steps.fetch.spec import Spec
from lockmaster.stop import Stop
from tests.steps.fetch.looking import names_in
from tests.support.certificates import Authority
from tests.support.fileserver import FileServer
from tests.support.home import new_folder, remove

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lockmaster.prepare.context import Outcome


class Fetch:
    """Runs steps. `events` is what they told, `hidden` what they want masked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Any] = []
        self.hidden: list[str] = []
        self.environ = dict(os.environ)

    def __call__(self, source: str, to: object = "target", *, deadline: float = 30.0, **fields: Any) -> Outcome:
        wanted = {"from": source, "to": str(to), "retries": 0, **fields}
        spec = msgspec.convert(wanted, Spec, dec_hook=types.decode)
        stop = Stop()
        world = World(self.environ, str(self.folder), self.events.append, stop, self.hidden.append, deadline)
        try:
            return alone("fetch", spec, world)
        finally:
            stop.close()

    def told(self, kind: str) -> list[Any]:
        return [event for event in self.events if type(event).__name__ == kind]

    def left(self) -> list[str]:
        """The hidden files that lie about."""
        return [name for name in names_in(self.folder) if ".lockmaster-" in name]


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    """Give a runner in an empty folder."""
    return Fetch(tmp_path)


@pytest.fixture(scope="session")
def authority() -> Iterator[Authority]:
    """Give a certificate authority."""
    folder = new_folder("authority")
    yield Authority(folder)
    remove(folder)


@pytest.fixture(scope="session")
def web() -> Iterator[FileServer]:
    """Give an nginx with what the tests of https need."""
    with FileServer(EXTRA) as server:
        passwords = server.folder / "passwords"
        passwords.write_text("me:{PLAIN}pass-word\n")
        yield server


EXTRA = """
    location /private/ { auth_basic "x"; auth_basic_user_file passwords; }
    location /slow/ { limit_rate 200k; }
    location = /loop { return 302 /loop; }
    location = /hop { return 302 /a.txt; }
    location = /away { return 302 OTHER/a.txt?X-Amz-Signature=deadbeefdeadbeef; }
    location = /scheme { return 302 ftp://127.0.0.1/a.txt; }
    location = /busy { return 503; }
    location = /gone { default_type text/plain; return 410 "it was moved\\nsecond line"; }
"""
