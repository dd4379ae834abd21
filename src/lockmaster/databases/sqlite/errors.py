"""SQLite's errors, translated in one place.

The seam's exceptions are for what belongs to a migration; what is wrong with the file is a LockmasterError.
"""

from __future__ import annotations

import sqlite3

from lockmaster.engine.failures import LostConnectionError, ServerError
from lockmaster.errors import LockmasterError, UnreachableError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.databases.sqlite.place import Place

ERRORS = (sqlite3.Error, sqlite3.Warning)

_KINDS = {
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_PROTOCOL: "busy",  # a race for WAL's locks that went on for too long
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_NOMEM: "full",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_PERM: "privilege",
    sqlite3.SQLITE_AUTH: "privilege",
    sqlite3.SQLITE_INTERRUPT: "timeout",
}
# how a repeated CREATE, ADD, RENAME or DROP fails
_DONE_BEFORE = (
    "duplicate column name",
    "no such table",
    "no such column",
    "no such index",
    "no such view",
    "no such trigger",
    "there is already another table or index",
)
# Python's own words for what a script holds, in words for people; they come without a code of SQLite
_PLAIN = {
    "Incorrect number of bindings": "it has a parameter (?, :name, @name or $name) that nobody gives a value",
    "You can only execute one statement": "this was taken for one statement, and SQLite sees several",
    "interrupted": "the statement was stopped: its time is over",
}


def primary(error: BaseException) -> int | None:
    """SQLite's primary result code, None for an error of Python's module."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def translate(error: Exception, place: Place, *, script: bool = False, in_transaction: bool = False) -> Exception:
    """The seam's exception for the driver's. `script`: the statement is the user's, it may name another file."""
    code, text = primary(error), str(error)
    hopeless = None if script else _hopeless(code, text, place)
    if hopeless:
        return hopeless
    name = str(getattr(error, "sqlite_errorname", ""))
    if name == "SQLITE_READONLY_DBMOVED":
        return LostConnectionError(f"{place} was moved or replaced")
    return ServerError(
        next((plain for start, plain in _PLAIN.items() if text.startswith(start)), text),
        kind=_kind(code, text, in_transaction=in_transaction),
        sqlstate=name,
        done_before=text.startswith(_DONE_BEFORE) or text.endswith(" already exists"),
    )


def _kind(code: int | None, text: str, *, in_transaction: bool) -> str:
    if "inside a transaction" in text or "from within a transaction" in text:
        return "alone"
    if code == sqlite3.SQLITE_LOCKED and in_transaction:
        return "alone"  # it is our own transaction that is in the way (wal_checkpoint): waiting would not help
    return "script" if code is None else _KINDS.get(code, "script")


def _hopeless(code: int | None, text: str, place: Place) -> LockmasterError | None:
    """What is wrong with the file as a whole."""
    if code == sqlite3.SQLITE_NOTADB:
        return UsageError(f"{place} is not a SQLite database, or it is encrypted", hint="look at the URL")
    if code == sqlite3.SQLITE_CORRUPT:
        hint = f"look at it: sqlite3 {place.path} 'PRAGMA integrity_check', or restore it from a backup"
        return UsageError(f"{place} is damaged: {text}", hint=hint)
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR):
        hint = "look at the disk, the mount, and the permissions of its folder"
        return UnreachableError(f"{place}: {text}", hint=hint)
    return None


def cannot_open(error: sqlite3.Error) -> bool:
    """Whether this may be one of a reader's two errors that a writer would not get (PROTOCOL-FACTS C8)."""
    name = getattr(error, "sqlite_errorname", "")  # plain SQLITE_READONLY is an attempt to write
    return primary(error) == sqlite3.SQLITE_CANTOPEN or name.startswith("SQLITE_READONLY_")


def unreadable(error: sqlite3.Error, place: Place) -> LockmasterError:
    """For a file that could not be read with write access either: says which of the two it is."""
    if getattr(error, "sqlite_errorname", "") == "SQLITE_READONLY_ROLLBACK":
        return UnreachableError(
            f"{place} has the journal of a writer that died, and this process may not roll it back",
            hint="let a process that may write open it once, or give this one that right on file and folder",
        )
    return UnreachableError(
        f"{place} cannot be read: {error}",
        hint="in WAL mode a reader writes the -shm file beside it: make its folder writable for this process",
    )


def spot(statement: bytes, text: str) -> int:
    """Offset inside the statement of the word that SQLite complains about, 0 where that is not certain."""
    for start, end in (('near "', '": syntax error'), ("no such column: ", ""), ("no such table: ", "")):
        if text.startswith(start) and text.endswith(end):
            word = text[len(start) : len(text) - len(end)].rpartition(".")[2].encode()
            return statement.find(word) if word and statement.count(word) == 1 else 0
    return 0
