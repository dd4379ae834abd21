"""PostgreSQL's errors, translated in one place."""

from __future__ import annotations

from lockmaster.engine.failures import LostConnectionError, LostTurnError, ServerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import psycopg2

TURN_LOST = "lockmaster: the turn is not held"  # the text that our proof fails with

_BUSY = frozenset({"55P03", "40P01", "40001"})
_ALONE = frozenset({"25001", "2D000"})
_TIMEOUT = frozenset({"57014"})
_FULL = frozenset({"53000", "53100", "53200", "53300", "53400"})
_SYNTAX = frozenset({"42601", "22021", "22P05", "54001"})
_GONE = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03", "25P04"})
# how a repeated CREATE, ADD, RENAME or DROP fails
_DONE_BEFORE = frozenset(
    {
        *("42P04", "42P06", "42P07", "42701", "42710", "42723"),
        *("3D000", "3F000", "42P01", "42703", "42704", "42883"),
    }
)


def kind_of(sqlstate: str) -> str:
    """What the engine may do about an error, as in `ServerError.kind`."""
    for states, kind in (
        (_BUSY, "busy"), (_ALONE, "alone"), (_TIMEOUT, "timeout"), (_FULL, "full"), (_SYNTAX, "syntax"),
    ):  # fmt: skip
        if sqlstate in states:
            return kind
    return {"42501": "privilege", "25006": "read-only"}.get(sqlstate, "script")


def translate(error: psycopg2.Error, *, closed: bool) -> Exception:
    """The seam's exception for the driver's. `closed`: the connection did not survive it."""
    state = error.pgcode or ""
    diag = error.diag
    text = (diag.message_primary or str(error) or type(error).__name__).strip().splitlines()[0]
    # An 08 that is an ERROR is of a connection that the statement itself made: to a publisher, by dblink, by a foreign
    # table. Ours is lost by a FATAL, and what a pooler says may leave out which of the two it is.
    lost = state.startswith("08") and diag.severity_nonlocalized != "ERROR"
    if closed or state in _GONE or lost:
        return LostConnectionError(text)
    if TURN_LOST in text:
        return LostTurnError("this session does not hold it any more: a script dropped it, or a pooler is in between")
    return ServerError(
        text,
        kind=kind_of(state),
        sqlstate=state,
        detail=diag.message_detail or "",
        hint=diag.message_hint or "",
        context=diag.context or "",
        # two who create the same thing at once meet in an index of the catalog (D6)
        done_before=state in _DONE_BEFORE or (state == "23505" and diag.schema_name == "pg_catalog"),
    )


def position_of(error: psycopg2.Error) -> int | None:
    """Place of the error in the message, in characters from 0; None if the server gave none."""
    text = error.diag.statement_position
    return int(text) - 1 if text and text.isdigit() else None
