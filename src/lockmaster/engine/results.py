"""What a call to the library, or a command, gives back. Plain values; nothing in them is secret."""

from __future__ import annotations

from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


class MigrateResult(NamedTuple):
    """The schema is at the level of this folder. Errors are raised, so this is always a success."""

    level: str  # label of the newest migration of this folder that is applied, "" for an empty folder
    applied: tuple[str, ...]  # labels that this run applied, in order
    total: int  # migrations in the folder
    ahead: tuple[str, ...]  # labels that the database knows and the folder does not
    seconds: float


class StatusRow(NamedTuple):
    """One migration, of the folder or of the history."""

    label: str
    state: Literal["applied", "pending", "open", "ahead", "missing", "edited", "out-of-order"]
    applied_at: str = ""  # ISO 8601, UTC
    seconds: float | None = None
    applied_by: str = ""
    note: str = ""


class StatusReport(NamedTuple):
    """Folder and history, compared. A look without the turn: true for the moment of the read."""

    rows: tuple[StatusRow, ...]
    holder: str  # who holds the turn now, in words; "" if nobody
    current: bool  # nothing to do and nothing half-done
    format: str  # "prisma"
    database: str  # masked
    history: str  # the history table, with its schema


class DryRunRow(NamedTuple):
    """One pending migration and its SQL, cut into the pieces in which it would run, as comments tell."""

    label: str
    sql: str


class DryRun(NamedTuple):
    """What `migrate` would do now. Nothing was touched to find out."""

    rows: tuple[DryRunRow, ...]
    notes: tuple[str, ...]
