"""The library: what the commands do, as functions with typed results and exceptions.

Nothing is printed, nothing exits, no signal handler is installed, and neither environment nor files of settings are
read unless `from_environment=True` asks for it: then keywords win over variables, and those over lockmaster.yaml.
Errors are subclasses of `LockmasterError`. To stop a call from another thread, hand in a `Stop` and request it.
"""

# ruff: noqa: A002, FBT001 - `dir` and `format` are what the options are called

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypedDict

from lockmaster.errors import UsageError
from lockmaster.events import nowhere
from lockmaster.settings.options import Options
from lockmaster.settings.secret import Secret
from lockmaster.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Unpack

    from lockmaster.engine.results import DryRun, MigrateResult, StatusReport
    from lockmaster.events import Emit


class Keywords(TypedDict, total=False):
    """What every function takes besides `url` and `dir`; see docs/settings.md. Durations are seconds, None is none."""

    format: Literal["auto", "native", "prisma"]
    schema: str
    history_schema: str
    direct_url: str | Secret
    pooler: Literal["auto", "none", "session", "transaction"]
    pod: str
    pod_uid: str
    wait_for_database: float
    wait_for_turn: float
    ddl_lock_timeout: float
    ddl_lock_budget: float
    statement_timeout: float | None
    deadline: float | None
    order: Literal["database", "lease"]
    ahead: Literal["warn", "fail"]
    checksum: Literal["auto", "ignore", "warn", "fail"]
    out_of_order: Literal["auto", "allow", "fail"]
    recover: Literal["auto", "never"]


GATE_DEADLINE = 600.0


def migrate(
    url: str | Secret = "",
    *,
    dir: str | os.PathLike[str] = "",
    to: str = "",
    events: Emit = nowhere,
    stop: Stop | None = None,
    from_environment: bool = False,
    **keywords: Unpack[Keywords],
) -> MigrateResult:
    """Bring the schema to the level of `dir`, once, whoever else tries. Returns when it is there."""
    from lockmaster import compose

    options = _options("migrate", url, events, from_environment, keywords | {"dir": os.fspath(dir), "to": to})
    with _stoppable(stop) as wish:
        return compose.migrate(options, events=events, stop=wish)


def gate(
    url: str | Secret = "",
    *,
    dir: str | os.PathLike[str] = "",
    to: str = "",
    events: Emit = nowhere,
    stop: Stop | None = None,
    from_environment: bool = False,
    **keywords: Unpack[Keywords],
) -> MigrateResult:
    """Wait until the schema is at the level of `dir`; never write. BehindError when `deadline` (10 minutes) is over."""
    from lockmaster import compose

    options = _options("gate", url, events, from_environment, keywords | {"dir": os.fspath(dir), "to": to})
    with _stoppable(stop) as wish:
        return compose.gate(options, events=events, stop=wish)


def status(
    url: str | Secret = "",
    *,
    dir: str | os.PathLike[str] = "",
    events: Emit = nowhere,
    stop: Stop | None = None,
    from_environment: bool = False,
    **keywords: Unpack[Keywords],
) -> StatusReport:
    """Compare folder and history. Reads only."""
    from lockmaster import compose

    options = _options("status", url, events, from_environment, keywords | {"dir": os.fspath(dir)})
    with _stoppable(stop) as wish:
        return compose.status(options, events=events, stop=wish)


def plan(
    url: str | Secret = "",
    *,
    dir: str | os.PathLike[str] = "",
    to: str = "",
    events: Emit = nowhere,
    stop: Stop | None = None,
    from_environment: bool = False,
    **keywords: Unpack[Keywords],
) -> DryRun:
    """What `migrate` would run now, as SQL. Reads only, takes no turn: true for the moment of the read."""
    from lockmaster import compose

    options = _options("migrate", url, events, from_environment, keywords | {"dir": os.fspath(dir), "to": to})
    with _stoppable(stop) as wish:
        return compose.dry_run(options._replace(dry_run=True), events=events, stop=wish)


def baseline(
    url: str | Secret = "",
    *,
    to: str,
    dir: str | os.PathLike[str] = "",
    events: Emit = nowhere,
    stop: Stop | None = None,
    from_environment: bool = False,
    **keywords: Unpack[Keywords],
) -> tuple[str, ...]:
    """Mark every migration up to and including `to` as applied, without running it. Returns their labels."""
    from lockmaster import compose

    options = _options("baseline", url, events, from_environment, keywords | {"dir": os.fspath(dir)})
    with _stoppable(stop) as wish:
        return compose.baseline(options, to, events=events, stop=wish)


def resolve(
    url: str | Secret = "",
    *,
    applied: str = "",
    rolled_back: str = "",
    dir: str | os.PathLike[str] = "",
    events: Emit = nowhere,
    stop: Stop | None = None,
    from_environment: bool = False,
    **keywords: Unpack[Keywords],
) -> str:
    """Record your word on one migration: it is `applied`, or it was `rolled_back` and is to run again."""
    from lockmaster import compose

    check_word(applied, rolled_back)
    options = _options("resolve", url, events, from_environment, keywords | {"dir": os.fspath(dir)})
    with _stoppable(stop) as wish:
        return compose.resolve(options, applied, rolled_back, events=events, stop=wish)


def new(name: str, *, dir: str | os.PathLike[str] = "", format: Literal["auto", "native", "prisma"] = "auto") -> str:
    """Make the next, empty migration of the folder. Returns the path of its file."""
    from lockmaster import compose

    with _stoppable(None) as wish:
        return compose.new(Options(dir=os.fspath(dir), format=format), name, events=nowhere, stop=wish)


def check_word(applied: str, rolled_back: str) -> None:
    """Raise UsageError unless exactly one of the two names a migration."""
    if bool(applied) == bool(rolled_back):
        raise UsageError("say either that a migration is applied, or that it was rolled back")


def _options(
    command: str, url: str | Secret, events: Emit, from_environment: bool, keywords: Mapping[str, object]
) -> Options:
    address = url.reveal() if isinstance(url, Secret) else url
    given = {name: value for name, value in keywords.items() if value != ""}
    if isinstance(direct := given.get("direct_url"), str):
        given["direct_url"] = Secret(direct)
    base = Options(url=Secret(address), deadline=GATE_DEADLINE if command == "gate" else None)
    if from_environment:
        base = _from_environment(command, {"url": address} if address else {}, events)
    if not base.url:
        raise UsageError("no database: its URL is missing", hint="migrate(url, ...), or from_environment=True")
    return base._replace(**given)  # type: ignore[arg-type] # names and types are those of Keywords


def _from_environment(command: str, flags: dict[str, str], events: Emit) -> Options:
    from lockmaster.events import Warned
    from lockmaster.project import variables
    from lockmaster.settings.resolving import resolve as read

    resolved = read(command, flags, os.environ, os.getcwd(), variables)
    for message, hint in resolved.warnings:
        events(Warned(message, hint))
    return resolved.options


@contextmanager
def _stoppable(stop: Stop | None) -> Iterator[Stop]:
    """The caller's wish to stop; without one, a wish that nobody will have."""
    wish = stop or Stop()
    try:
        yield wish
    finally:
        if stop is None:
            wish.close()
