"""The seams: what the engine asks of a database and of a format. Loaded by type checkers only.

A format says what tables and columns mean, a database says how to run, lock and quote; they meet in `Session`.
The engine asks abilities (`Capabilities`), never names.

Three exceptions cross the seam upwards, and they are all in `engine.failures`: `ServerError`, `LostConnectionError`,
`LostTurnError`. What nobody can go on from is a `LockmasterError` straight away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lockmaster.clock import Deadline
    from lockmaster.engine.errand import Seen
    from lockmaster.engine.failures import ServerError
    from lockmaster.engine.model import Alone, Capabilities, Migration, Record, Unit, Verdict, View
    from lockmaster.sql.scan import Script, Statement


class Dialect(Protocol):
    """How this database writes things. `name` is for formats, whose table DDL differs per database."""

    @property
    def name(self) -> str:
        """The SQL dialect, in one word: `postgres`, `sqlite`."""
        ...

    def identifier(self, name: str) -> str: ...
    def literal(self, value: str | int | None) -> str: ...
    def table(self, schema: str | None, name: str) -> str: ...

    @property
    def now(self) -> str:
        """SQL for the present time, in the type of the formats' time columns."""
        ...

    @property
    def begun(self) -> str:
        """SQL for the time at which the transaction began."""
        ...

    def epoch(self, column: str) -> str:
        """SQL that turns a time column into text in ISO 8601, UTC."""
        ...

    def split(self, script: bytes) -> Iterator[Statement]: ...
    def parse(self, script: bytes) -> Script: ...
    def cut_alone(self, script: bytes, parsed: Script, offset: int) -> Script: ...


class Source(Protocol):
    """A folder of migrations in one tool's layout."""

    @property
    def format(self) -> str:
        """The tool whose layout it is, in one word: `prisma`, `native`."""
        ...

    def migrations(self) -> tuple[Migration, ...]:
        """All migrations in the order in which they are to be applied. Raises UsageError. Reads no script."""
        ...

    def script(self, migration: Migration) -> bytes:
        """The script as it is in the file. Raises UsageError: unreadable, not UTF-8, NUL byte."""
        ...

    def checksum(self, script: bytes) -> str:
        """What the tool stores for this script."""
        ...

    def same(self, stored: str, migration: Migration) -> bool:
        """Whether the file is still what was applied, by the tool's own rule."""
        ...

    def compare(self, one: str, other: str) -> int:
        """Order of two ids as the tool orders its migrations: negative, 0, positive."""
        ...


class Records(Protocol):
    """A table of records, as far as a database has to know it.

    Every method that returns SQL returns statements without a final semicolon.
    Text values are quoted by the dialect that the history was made with, so statements can be put into a message as
    they are. All tables are schema-qualified.
    """

    @property
    def table(self) -> str:
        """Unqualified name."""
        ...

    @property
    def schema(self) -> str | None:
        """None: where the search path finds it."""
        ...

    @property
    def lock(self) -> int:
        """The tool's lock id."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """SQL expressions that `parse` expects, in this order; cheap enough for every start."""
        ...

    @property
    def details(self) -> tuple[str, ...]:
        """`columns` and, after them, what `status` shows."""
        ...

    @property
    def order(self) -> str:
        """ORDER BY of the tool."""
        ...

    @property
    def only(self) -> str:
        """Condition on the rows that matter, "" for all of them."""
        ...

    def parse(self, rows: Sequence[Sequence[Any]]) -> tuple[Record, ...]: ...
    def at(self, schema: str) -> Self:
        """The same, in the schema in which it was found."""
        ...

    def create(self) -> tuple[str, ...]:
        """Statements that make the table (and its schema, when it is not the default one)."""
        ...


class History(Records, Protocol):
    """A tool's history table, with all that can become of a migration in it."""

    def applied(self, migration: Migration, checksum: str) -> tuple[str, ...]:
        """Record a migration whose only transaction this is part of."""
        ...

    def begin(self, migration: Migration, checksum: str, journal: str) -> tuple[str, ...]:
        """Record that a migration of several pieces has begun."""
        ...

    def progress(self, migration: Migration, journal: str) -> tuple[str, ...]:
        """Replace the journal of the open record of this migration. Must touch exactly one row, or fail."""
        ...

    def finish(self, migration: Migration, checksum: str) -> tuple[str, ...]:
        """Turn the open record into an applied one. Must touch exactly one row, or fail."""
        ...

    def undo(self, record: Record, log: str) -> tuple[str, ...]:
        """The open record's migration left nothing behind (or a person said so): it counts as never applied."""
        ...

    def resolve(self, migration: Migration, checksum: str) -> tuple[str, ...]:
        """Mark as applied without running it (`resolve --applied`, `baseline`): the user's word."""
        ...

    def count(self, migrations: Sequence[Migration]) -> str:
        """SELECT of one number: how many of these have an applied record. The receipt at the end of a message."""
        ...


AnyRecords = TypeVar("AnyRecords", bound=Records)


class Session(Protocol):
    """One session on the database. Used by one thread. Never printed: it knows a password."""

    @property
    def caps(self) -> Capabilities:
        """Caps."""
        ...

    @property
    def dialect(self) -> Dialect:
        """Dialect."""
        ...

    @property
    def server(self) -> str:
        """What it is, for people: `PostgreSQL 15.18`."""
        ...

    @property
    def pooler(self) -> str:
        """Empty, or what is in between."""
        ...

    @property
    def recovery(self) -> bool:
        """A standby: nothing can be written."""
        ...

    @property
    def writable(self) -> bool:
        """This session can take a turn; else another one has to be opened with `write`."""
        ...

    def read(self, history: Records, *, details: bool = False, load: bool = False) -> View:
        """History as it is now, in a snapshot of its own. No lock, no write. `load` asks for `View.load` too."""
        ...

    def locate(self, history: AnyRecords) -> AnyRecords:
        """The history with its schema: where the last `read` found it, else the default."""
        ...

    def try_turn(self, history: Records) -> bool:
        """Take the turn if it is free. Never waits inside the server."""
        ...

    def release(self) -> None:
        """Give the turn back. Safe to call without it and after a lost connection."""
        ...

    def strangers(self, history: Records) -> tuple[str, ...]:
        """Names of tables and views in the history's schema that are nobody's bookkeeping, at most ten."""
        ...

    def write(self, rows: Sequence[str], *, announce: bool = False) -> None:
        """Run statements of ours in one transaction that proves the turn."""
        ...

    def run(
        self, units: Sequence[Unit], receipt: str, expected: int, *, meanwhile: Callable[[], None] | None = None
    ) -> None:
        """Run units in order, each in one transaction that proves the turn and contains its rows.

        `meanwhile` may be called once, while the server has all of it and works; it raises nothing.

        When it returns all are committed, and `receipt` (a SELECT of one number) answered `expected`. Otherwise
        raises: ServerError with `index` of the unit where it is known, LostTurnError, LostConnectionError; how many
        were committed is then known from the history only.
        """
        ...

    def pinpoint(self, unit: Unit, passed: int = 0) -> ServerError | None:
        """Run the unit again statement by statement and roll back: the error with its place, None if it passed.

        `passed`: so many bytes of it went through the last time, so the place is not sought in them.
        """
        ...

    def evidence(self, alone: Alone) -> str:
        """What recovery will compare, as text for the journal. Read before the statement runs."""
        ...

    def run_alone(self, alone: Alone) -> None:
        """Run a statement that refuses a transaction. Raises like `run`."""
        ...

    def judge(self, alone: Alone, evidence: str, *, answered: bool) -> Verdict:
        """What became of the statement since `evidence`, under the turn; `answered`: the server said that it worked.

        May clear away what is proven to be ours and half-made.
        """
        ...

    def running_elsewhere(self, body: bytes) -> str:
        """Name of another session that is in the middle of this very script, "" if none."""
        ...

    def identity(self) -> str:
        """Text that is equal for two sessions only when both work on the same database of the same server."""
        ...

    def sleep(self, seconds: float, wake: Sequence[Any] = ()) -> bool:
        """Wait outside the database, until something in `wake` can be read too. Raises StoppedError.

        True when woken by the holder's announcement.
        """
        ...

    def hold(self, limit: Deadline) -> None:
        """Prove that the turn is ours now. Raises LostTurnError, LostConnectionError also without an answer in time."""
        ...

    def descriptors(self) -> tuple[int, ...]:
        """Open files of this process: as long as any copy of them is open somewhere, the turn cannot end."""
        ...

    def others(self, mark: str, limit: Deadline, *, end: bool) -> tuple[str, ...]:
        """Sessions of the commands of errands, told by `mark` in their name, in words; `end` asks to end them."""
        ...

    def listen(self, history: Records) -> bool:
        """Ask to be woken by the holder's announcement; False where that cannot be."""
        ...

    def announce(self, history: Records) -> None:
        """Wake everybody who listens. Only for speed: where nobody can be told, or it fails, nothing is lost."""
        ...

    def holder(self, history: Records) -> str:
        """Who holds the turn, in words for people; "" if unknown or nobody."""
        ...

    def close(self) -> None:
        """End the session; with it goes everything it held. Never raises."""
        ...


class Database(Protocol):
    """A place that can be connected to. `str()` is masked."""

    def open(self, history: Records, wait: Deadline, *, write: bool) -> tuple[Session, View]:
        """A session that accepts work (and writes, if `write`), with its first read of history. Waits until then.

        What is in between (a pooler) is known with the first answer, so the read belongs to opening. Raises
        UnreachableError, AccessDeniedError, UsageError, StoppedError, ServerError.
        """
        ...


class Line(Protocol):
    """An order in which processes come, in front of the turn and never in its place: what it says protects nothing."""

    def first(self) -> bool:
        """Whether we may try to take the turn now. Returns soon; True too when nobody can tell."""
        ...

    def others(self) -> str:
        """Who is in front of us, in words for people; "" if unknown or nobody."""
        ...

    def leave(self) -> None:
        """Let the next one come. Not in the line is fine. Never raises."""
        ...


class Keeper(Protocol):
    """Holds the turn for an errand and keeps the record of its key. Used by one thread.

    Raises LostConnectionError, LostTurnError, ServerError (from `engine.failures`), or a LockmasterError.
    """

    @property
    def name(self) -> str:
        """What the command's sessions shall be called, so that they can be told from others; "" where they have none."""
        ...

    def open(self, limit: Deadline, *, write: bool) -> Seen:
        """Be connected, and look."""
        ...

    @property
    def writable(self) -> bool:
        """The turn can be taken here; else it has to be opened with `write`."""
        ...

    def look(self, *, load: bool = False) -> Seen: ...

    def take(self) -> bool:
        """Take the turn if it is free."""
        ...

    def wait(self, seconds: float) -> bool:
        """Sleep outside of everything that could be in the way; True when woken by the holder."""
        ...

    def prepare(self) -> bool:
        """Make the place of the record, under the turn. False when that ended the turn."""
        ...

    def orphans(self, *, end: bool) -> tuple[str, ...]:
        """Sessions of an earlier errand's work that still live, in words; `end` asks the server to end them."""
        ...

    def hold(self, seconds: float, wake: Sequence[object]) -> None:
        """Prove that the turn is ours, then sleep until something in `wake` is readable, or this time is over."""
        ...

    def record(self, command: str, seconds: float) -> None:
        """Record the key, under the turn; who waits is told."""
        ...

    def release(self) -> None: ...

    def descriptors(self) -> Sequence[int]:
        """Open files of this process: as long as any copy of them is open somewhere, the turn cannot end."""
        ...

    def holder(self) -> str: ...

    def close(self) -> None: ...
