"""What a database's own histories say, without a folder to compare them with. Reads only."""

from __future__ import annotations

from lockmaster.engine import report
from lockmaster.engine.failures import LostConnectionError, ServerError
from lockmaster.errors import UnreachableError
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockmaster.clock import Deadline
    from lockmaster.engine.ports import Database, History, Session


class Level(NamedTuple):
    """One history table."""

    database: str  # masked
    format: str
    history: str  # the table, with its schema
    level: str  # label of the migration that was applied last, "" if none
    applied: int
    open: tuple[str, ...]  # labels of what was begun and not finished
    holder: str  # who has the turn, in words; "" if nobody


def levels(database: Database, histories: Mapping[str, History], wait: Deadline) -> tuple[Level, ...]:
    """Of each format whose history is there. Raises LockmasterError."""
    session, _ = database.open(next(iter(histories.values())), wait, write=False)
    try:
        seen = [_level(session, name, history, str(database)) for name, history in histories.items()]
    except ServerError as error:
        raise report.outside(error) from error
    except LostConnectionError as error:
        raise UnreachableError(f"the connection was lost: {error}", hint="run it again") from error
    finally:
        session.close()
    return tuple(level for level in seen if level)


def _level(session: Session, name: str, history: History, database: str) -> Level | None:
    if not session.read(history).exists:
        return None
    history = session.locate(history)
    records = session.read(history, details=True).records
    applied = [record for record in records if record.state == "applied" and not record.repeatable]
    last = max(applied, key=lambda record: record.applied_at, default=None)
    return Level(
        database, name, session.dialect.table(history.schema, history.table), last.label if last else "", len(applied),
        tuple(record.label for record in records if record.state == "open"), session.holder(history),
    )  # fmt: skip
