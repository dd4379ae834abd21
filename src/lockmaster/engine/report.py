"""A server's refusal as an error for people: which migration, which statement and line, what is in the database now."""

from __future__ import annotations

from lockmaster.engine.pieces import excerpt
from lockmaster.errors import (
    AccessDeniedError,
    LockmasterError,
    MigrationFailedError,
    MigrationHalfDoneError,
    NoTurnError,
    UnreachableError,
)
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.engine.failures import ServerError
    from lockmaster.engine.ports import Dialect

NOTHING = "nothing of this migration"
_SHOWN = 1000  # bytes that an excerpt is made of: a line may be as long as the script


class Where(NamedTuple):
    """The piece that failed, for finding line and statement."""

    migration: str
    path: str
    body: bytes
    line: int  # of the file, where the body starts


def failed(error: ServerError, where: Where, dialect: Dialect) -> MigrationFailedError:
    """The migration failed and nothing of it remains: exit 12."""
    details = _details(error, where, dialect) | {"in the database now": NOTHING}
    return MigrationFailedError(_message(error, where, details), hint=_hint(error), details=details)


def half_done(error: ServerError, where: Where, dialect: Dialect, *, now: str, command: str) -> MigrationHalfDoneError:
    """Earlier pieces of the migration are in effect: exit 13, with the way on."""
    details = _details(error, where, dialect) | {"in the database now": now}
    return MigrationHalfDoneError(_message(error, where, details), hint=command, details=details)


def _message(error: ServerError, where: Where, details: dict[str, str]) -> str:
    line = details.get("line", "").partition(":")[0]
    return f"migration {where.migration} failed{f' at line {line}' if line else ''}: {error.text}"


def _hint(error: ServerError) -> str:
    if error.kind == "full":
        return "free space (or connections) on the server, then run again: nothing has to be cleaned up"
    if error.kind == "privilege":
        return "grant the missing privilege to this role, or migrate with the owner's, then run again"
    if error.kind == "timeout":
        return "give it more time (--statement-timeout, --deadline) or split it, then run again"
    return "repair the migration and run again: nothing has to be cleaned up"


def _details(error: ServerError, where: Where, dialect: Dialect) -> dict[str, str]:
    details = {"migration": where.migration, "file": where.path}
    if error.offset is not None:
        line = where.line + where.body.count(b"\n", 0, error.offset)
        details["line"] = f"{line}: {_line_at(where.body, error.offset)}"
        details["statement"] = _statement_at(where.body, error.offset, dialect)
    if error.sqlstate:
        details["sqlstate"] = error.sqlstate
    if error.detail:
        details["detail"] = error.detail
    if error.hint:
        details["the server's hint"] = error.hint
    return details


def _line_at(body: bytes, offset: int) -> str:
    start = body.rfind(b"\n", 0, offset) + 1
    end = body.find(b"\n", offset)
    return excerpt(body[start : min(len(body) if end < 0 else end, start + _SHOWN)], 120)


def _statement_at(body: bytes, offset: int, dialect: Dialect) -> str:
    for statement in dialect.split(body):
        if statement.end >= offset:
            return excerpt(body[statement.start : min(statement.end, statement.start + _SHOWN)])
    return excerpt(body)


def gave_way(error: ServerError, migration: str, waited: float, now: str = NOTHING) -> NoTurnError:
    """A lock was not to be had within the budget: nothing is broken, another time may be better."""
    return NoTurnError(
        f"migration {migration} gave way to live traffic for {waited:.0f}s: {error.text}",
        hint="another transaction holds what it needs, and does not end; --ddl-lock-budget waits longer",
        details={"migration": migration, "in the database now": now, "sqlstate": error.sqlstate},
    )


def outside(error: ServerError) -> LockmasterError:
    """An error from a statement of ours, outside of any migration."""
    details = {"sqlstate": error.sqlstate} if error.sqlstate else {}
    if error.kind == "privilege":
        return AccessDeniedError(
            error.text, hint="migrate needs the owner of the schema; gate and status need SELECT only", details=details
        )
    if error.kind == "busy":
        return NoTurnError(
            error.text, hint=error.hint or "somebody else holds what is needed: run again", details=details
        )
    if error.kind in {"full", "timeout"}:
        return UnreachableError(error.text, hint=error.hint or "run again later", details=details)
    if error.kind == "read-only":
        hint = "the database is read-only: a replica, or a file that may only be read?"
        return AccessDeniedError(error.text, hint=hint, details=details)
    return LockmasterError(f"the database refused a statement of Lockmaster's: {error.text}", details=details)
