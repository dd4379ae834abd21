"""The only module that knows concrete classes: URL to database, folder to format, options to an engine.

Plain tables and functions; each imports what it names when it is called, because every pod pays start-up.
"""

from __future__ import annotations

import os

from lockmaster.clock import Deadline, SystemClock
from lockmaster.engine.model import Policy
from lockmaster.errors import UsageError
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lockmaster.clock import Clock
    from lockmaster.engine.admin import Desk
    from lockmaster.engine.levels import Level
    from lockmaster.engine.ports import Database, Dialect, History, Keeper, Line, Source
    from lockmaster.engine.results import DryRun, MigrateResult, StatusReport
    from lockmaster.events import Emit
    from lockmaster.settings.options import Options
    from lockmaster.stop import Stop

POSTGRES = frozenset({"postgres", "postgresql"})
SQLITE = frozenset({"sqlite", "file"})
ACCELERATE = frozenset({"prisma", "prisma+postgres"})
LATER = frozenset({"mysql", "mariadb", "sqlserver", "mongodb", "cockroachdb", "oracle"})
# what the original tool does at deploy (FIELD 1.3); the native format is ours to decide
POLICIES = {"prisma": ("ignore", "allow"), "native": ("fail", "fail")}


class Parts(NamedTuple):
    """What one run is made of."""

    database: Database
    source: Source
    history: History
    policy: Policy
    clock: Clock
    deadline: Deadline
    direct: Callable[[], Database] | None


def migrate(options: Options, *, events: Emit, stop: Stop) -> MigrateResult:
    from lockmaster.engine.run import Runner, Waits

    parts = _parts(options, events, stop)
    waits = Waits(
        min(options.wait_for_database, parts.deadline.left()),
        min(options.wait_for_turn, parts.deadline.left()),
        options.ddl_lock_budget,
    )
    return Runner(
        parts.database, parts.source, parts.history, parts.policy, waits,
        clock=parts.clock, emit=events, direct=parts.direct, deadline=parts.deadline,
        line=_line(options, parts, events) if options.order == "lease" else None,
    ).migrate()  # fmt: skip


def _line(options: Options, parts: Parts, emit: Emit) -> Line:
    """A Lease of this database and history, in front of its turn."""
    from lockmaster.kube.line import LeaseLine, lease_name

    environ = {**os.environ, "POD_NAME": options.pod, "POD_UID": options.pod_uid}
    return LeaseLine(lease_name(f"{parts.database} {parts.history.lock}"), environ, clock=parts.clock, emit=emit)


def gate(options: Options, *, events: Emit, stop: Stop) -> MigrateResult:
    from lockmaster.engine.gate import Gate

    parts = _parts(options, events, stop)
    return Gate(
        parts.database, parts.source, parts.history, parts.policy, clock=parts.clock, emit=events, limit=parts.deadline
    ).wait()


def keeper(options: Options, key: str, *, stop: Stop, clock: Clock, emit: Emit) -> Keeper:
    """Who holds the turn while somebody else's command works, and keeps the record of `key`. It knows no deadline."""
    from lockmaster.formats.once import OnceHistory
    from lockmaster.version import VERSION

    url = options.url.reveal()
    place = Place("", "", os.getcwd())
    history = OnceHistory(_dialect(url), key, options.history_schema, pod=options.pod, version=VERSION)
    plain = options._replace(statement_timeout=None)
    never = Deadline(clock, None)
    database = _database(url, plain, place, emit, stop, clock, never)
    if _scheme(url) in SQLITE:
        from lockmaster.databases.sqlite.keeping import SqliteKeeper

        return SqliteKeeper(database, history, options.pod, clock=clock, stop=stop)  # type: ignore[arg-type]
    from lockmaster.databases.postgres.database import command_name
    from lockmaster.engine.keeping import DatabaseKeeper

    direct_url = options.direct_url.reveal()

    def direct() -> Database:
        return _database(direct_url, plain._replace(pooler="none"), place, emit, stop, clock, never)

    name, mark = command_name(options.pod, history.lock)
    return DatabaseKeeper(database, history, name, mark, direct if direct_url not in ("", url) else None, clock)


def lease_keeper(name: str, environ: Mapping[str, str], *, stop: Stop, clock: Clock) -> Keeper:
    """The same by a Kubernetes Lease, which orders pods and fences nothing. Raises UsageError."""
    from lockmaster.kube.keeping import LeaseKeeper

    return LeaseKeeper(name, environ, clock=clock, stop=stop)


def status(options: Options, *, events: Emit, stop: Stop) -> StatusReport:
    return _desk(options, events, stop).status()


def levels(options: Options, *, events: Emit, stop: Stop) -> tuple[Level, ...]:
    """What the histories in the database say, of each format that is known, without a folder."""
    from lockmaster.engine.levels import levels as look
    from lockmaster.formats.native_history import NativeHistory
    from lockmaster.formats.prisma_history import PrismaHistory

    clock, url = SystemClock(stop), _address(options)
    dialect, limit = _dialect(url), Deadline(clock, options.wait_for_database)
    schema = options.history_schema or None
    histories: dict[str, History] = {
        "native": NativeHistory(dialect, schema),
        "prisma": PrismaHistory(dialect, schema or _schema(url, options) or None),
    }
    return look(_database(url, options, Place("", "", os.getcwd()), events, stop, clock, limit), histories, limit)


def dry_run(options: Options, *, events: Emit, stop: Stop) -> DryRun:
    return _desk(options, events, stop).dry_run()


def baseline(options: Options, to: str, *, events: Emit, stop: Stop) -> tuple[str, ...]:
    return _desk(options, events, stop).baseline(to)


def resolve(options: Options, applied: str, rolled_back: str, *, events: Emit, stop: Stop) -> str:
    return _desk(options, events, stop).resolve(applied, rolled_back)


def new(options: Options, name: str, *, events: Emit, stop: Stop) -> str:
    del events, stop
    from time import time

    from lockmaster.formats import create

    if options.dir and options.format != "auto":  # a folder that is new or empty has nothing to be recognised by
        return create.new(options.dir, options.format, name, time())
    place = _place(options)
    return create.new(place.folder, place.format, name, time(), provider=place.provider)


def _desk(options: Options, events: Emit, stop: Stop) -> Desk:
    from lockmaster.engine.admin import Desk

    parts = _parts(options, events, stop)
    wait = min(options.wait_for_database, parts.deadline.left())
    return Desk(
        parts.database, parts.source, parts.history, parts.policy, clock=parts.clock, wait=wait,
        turn_wait=min(options.wait_for_turn, parts.deadline.left()), emit=events,
    )  # fmt: skip


class Place(NamedTuple):
    """Where the migrations are, and what Prisma's schema says about them."""

    folder: str
    format: str
    base: str  # the folder that relative file: URLs of Prisma start from
    provider: str = ""


def _place(options: Options) -> Place:
    """The folder and its format: as told, else found as the format's own tool finds it."""
    from lockmaster.formats import detect

    if options.dir:
        kind = detect.detect(options.dir, options.format)
        return Place(options.dir, kind, os.path.dirname(os.path.abspath(options.dir)))
    from lockmaster.formats import discover

    project = discover.discover(os.getcwd())
    if project is None:
        raise UsageError("no migrations found here", hint="name the folder: --dir path/to/migrations")
    kind = project.format if options.format == "auto" else options.format
    base = os.path.dirname(os.path.abspath(project.schema_file)) if project.schema_file else os.getcwd()
    return Place(project.dir, kind, base, project.provider)


def _parts(options: Options, emit: Emit, stop: Stop) -> Parts:
    clock = SystemClock(stop)
    deadline = Deadline(clock, options.deadline)
    place = _place(options)
    url = _address(options)
    database = _database(url, options, place, emit, stop, clock, deadline)
    direct_url = options.direct_url.reveal()
    direct = None
    if direct_url and direct_url != url:
        plain = options._replace(
            pooler="none" if options.pooler == "transaction" else options.pooler,
            schema=_search_path(url, options, place),
        )

        def direct() -> Database:
            other = _schema(direct_url, options)
            if other and other != plain.schema:
                raise UsageError(
                    f"DIRECT_DATABASE_URL names the schema {other}, DATABASE_URL {plain.schema or 'none'}",
                    hint="both must have the same ?schema=, or give --schema",
                )
            return _database(direct_url, plain, place, emit, stop, clock, deadline)

    dialect = _dialect(url)
    source = _source(place, dialect)
    history = _history(place, dialect, _schema(url, options), options)
    return Parts(database, source, history, _policy(place.format, options), clock, deadline, direct)


def _address(options: Options) -> str:
    """The URL of the database. Accelerate's leads to none: there Prisma, too, migrates over the direct one."""
    url, direct = options.url.reveal(), options.direct_url.reveal()
    return direct if direct and url.partition(":")[0] in ACCELERATE else url


def _scheme(url: str) -> str:
    if not url.isprintable():
        hint = "a newline, a tab, a byte order mark? In a password it must be percent-encoded"
        raise UsageError("the database URL has an invisible character in it", hint=hint)
    scheme = url.partition(":")[0].lower()
    if scheme in POSTGRES or scheme in SQLITE:
        return scheme
    if scheme in ACCELERATE:
        hint = "set DIRECT_DATABASE_URL, or the variable that directUrl names, to the database itself"
        raise UsageError("the database URL is one of Prisma Accelerate, which takes no migrations", hint=hint)
    if scheme in LATER:
        raise UsageError(f"{scheme} is not supported by this version", hint="it runs on PostgreSQL and SQLite")
    if url[:1] in "\"'":
        raise UsageError("the database URL begins with a quote", hint="write it without quotes around it")
    if "://" not in url:
        raise UsageError("the database URL has no scheme", hint="postgresql://user:password@host:5432/database")
    raise UsageError(f"unknown scheme in the database URL: {scheme}{_meant(scheme)}", hint="postgresql:// or sqlite:")


def _meant(scheme: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(scheme, [*POSTGRES, *SQLITE], 1, 0.6)
    return f" (did you mean {close[0]}?)" if close else ""


def _database(
    url: str, options: Options, place: Place, emit: Emit, stop: Stop, clock: Clock, deadline: Deadline
) -> Database:
    if _scheme(url) in SQLITE:
        from lockmaster.databases.sqlite.database import SqliteDatabase

        base = place.base if place.format == "prisma" else os.getcwd()
        return SqliteDatabase(
            url, base=base, lock_timeout=options.ddl_lock_timeout, statement_timeout=options.statement_timeout or 0.0,
            stop=stop, clock=clock, deadline=deadline, emit=emit,
        )  # fmt: skip
    from lockmaster.databases.postgres.database import PostgresDatabase

    return PostgresDatabase(
        url,
        search_path=_search_path(url, options, place),
        pooler=options.pooler,
        lock_timeout=options.ddl_lock_timeout,
        statement_timeout=options.statement_timeout or 0.0,
        application=options.pod,
        uid=options.pod_uid,
        stop=stop, clock=clock, deadline=deadline, emit=emit,
    )  # fmt: skip


def _schema(url: str, options: Options) -> str:
    """The schema that was asked for: --schema, or Prisma's ?schema=."""
    if options.schema or _scheme(url) in SQLITE:
        return options.schema
    from lockmaster.databases.postgres.url import parse

    return parse(url).schema


def _search_path(url: str, options: Options, place: Place) -> str:
    """Prisma's own connection has one schema in its path, `public` when none is named; native leaves it as it is."""
    return _schema(url, options) or ("public" if place.format == "prisma" else "")


def _dialect(url: str) -> Dialect:
    if _scheme(url) in SQLITE:
        from lockmaster.databases.sqlite.dialect import SqliteDialect

        return SqliteDialect()
    from lockmaster.databases.postgres.dialect import PostgresDialect

    return PostgresDialect()


def _source(place: Place, dialect: Dialect) -> Source:
    if place.format == "prisma":
        from lockmaster.formats.prisma import PrismaSource

        return PrismaSource(place.folder, dialect.name)
    from lockmaster.formats.native import NativeSource

    return NativeSource(place.folder)


def _history(place: Place, dialect: Dialect, schema: str, options: Options) -> History:
    if place.format == "prisma":
        from lockmaster.formats.prisma_history import PrismaHistory

        return PrismaHistory(dialect, options.history_schema or schema or None)
    from lockmaster.formats.native_history import NativeHistory
    from lockmaster.version import VERSION

    return NativeHistory(dialect, options.history_schema or None, pod=options.pod, version=VERSION)


def _policy(kind: str, options: Options) -> Policy:
    checksum, order = POLICIES[kind]
    return Policy(
        ahead=options.ahead,
        checksum=checksum if options.checksum == "auto" else options.checksum,  # type: ignore[arg-type]
        out_of_order=order if options.out_of_order == "auto" else options.out_of_order,  # type: ignore[arg-type]
        recover=options.recover,
        to=options.to,
    )
