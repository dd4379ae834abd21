"""The nouns of the engine: plain values, no behaviour beyond what they mean."""

from __future__ import annotations

from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


class Migration(NamedTuple):
    """One migration of the folder. Its script is read only when it is needed."""

    id: str  # what the history calls it: Prisma's directory name, the native version in canonical digits
    label: str  # what people call it: the file's or directory's name
    path: str  # the script's file
    repeatable: bool = False


class Record(NamedTuple):
    """One row of the history, in the words of the engine. Rows that were rolled back are not records."""

    id: str
    label: str
    checksum: str
    state: Literal["applied", "open"]  # open: begun and not finished, by a living or a dead process
    row: str = ""  # how the format finds this row again
    steps: int = 0  # Prisma's applied_steps_count
    journal: str = ""  # what is stored about the work done so far; "" if nothing
    repeatable: bool = False
    started_at: str = ""
    applied_at: str = ""
    seconds: float | None = None
    applied_by: str = ""


class View(NamedTuple):
    """What one read of the database showed."""

    exists: bool  # the history table is there
    records: tuple[Record, ...]
    load: float = 0.0  # part of max_connections in use, 0..1; 0 where it has no meaning
    peers: int = 0  # other sessions of ours, as far as they can be seen


class Policy(NamedTuple):
    """What the user wants where folder and history differ."""

    ahead: Literal["warn", "fail"] = "warn"
    checksum: Literal["ignore", "warn", "fail"] = "fail"
    out_of_order: Literal["allow", "fail"] = "fail"
    recover: Literal["auto", "never"] = "auto"
    to: str = ""  # last migration to apply; "" for all


class Plan(NamedTuple):
    """What has to be done, and what is odd. Made by `engine.plan.make`, which is pure."""

    pending: tuple[Migration, ...]
    applied: tuple[Migration, ...]
    open: tuple[Record, ...]  # begun and not finished
    ahead: tuple[str, ...]  # labels that the database knows and the folder does not, after its last one
    missing: tuple[str, ...]  # likewise, but in the middle of the folder
    edited: tuple[Migration, ...]  # changed since they were applied
    out_of_order: tuple[Migration, ...]  # pending, and older than the newest applied
    kept: tuple[str, ...]  # repeatable ones of other content that stay as they are: a newer image may have made them
    level: str  # label of the newest migration of this image that is applied, "" if none

    @property
    def current(self) -> bool:
        """Nothing to do and nothing half-done: the application may start."""
        return not self.pending and not self.open


class Unit(NamedTuple):
    """One transaction: a piece of a script and the rows that go with it, which commit together or not at all."""

    migration: str  # label
    body: bytes  # SQL as written, the script's own BEGIN and COMMIT blanked out; offsets are those of the file - start
    start: int  # byte offset of `body` in the file
    line: int  # line of the file at which `body` starts
    rows: tuple[str, ...]  # statements of ours that record it, in the same transaction
    modes: str = ""  # transaction modes of the script's own BEGIN
    rolled_back: bool = False  # the script ends this piece by its own ROLLBACK
    last: bool = True  # it completes its migration
    announce: bool = False  # waiters are told when it commits
    notes: frozenset[str] = frozenset()  # kinds of `sql.scan.Note` found in the file
    settings: bytes = b""  # what earlier pieces of the script set for the session, to be said again before `body`
    parts: tuple[int, ...] = ()  # byte offsets in a big `body`, each of a statement: it may be sent part by part


class Alone(NamedTuple):
    """A statement that refuses a transaction: journalled before and after, judged by evidence."""

    migration: str
    body: bytes
    start: int
    line: int
    what: str
    table: tuple[str, ...] = ()
    name: tuple[str, ...] = ()  # of the index, database, partition, ... that the statement is about
    if_exists: bool = False
    last: bool = True  # it completes its migration
    settings: bytes = b""  # as in `Unit`


class Verdict(NamedTuple):
    """What became of a statement whose answer is not known, or is not to be trusted."""

    state: Literal["done", "again", "person"]
    text: str  # one line for people
    command: str = ""  # for "person": what to run, if there is a thing to run


class Capabilities(NamedTuple):
    """What a session can do; asked by the engine instead of a database's name."""

    turn_spans_transactions: bool  # False: the turn ends with each transaction (SQLite, behind a pooler)
    session_state: bool  # False: what needs a session (SET, temporary tables, statements alone) must not run here
    batch_bytes: int  # consecutive units are sent together up to this size; 0: one by one
    batch_units: int
