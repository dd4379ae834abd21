"""What people ask for: the state as a table, the plan as SQL, and their word on what is applied."""

from __future__ import annotations

from lockmaster import events
from lockmaster.clock import Deadline
from lockmaster.engine import plan as planning
from lockmaster.engine import report
from lockmaster.engine.failures import LostConnectionError, ServerError
from lockmaster.engine.journal import decode
from lockmaster.engine.pieces import Pieces, prepare, reread
from lockmaster.engine.results import DryRun, DryRunRow, StatusReport, StatusRow
from lockmaster.errors import HistoryMismatchError, LockmasterError, NoTurnError, UnreachableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockmaster.clock import Clock
    from lockmaster.engine.model import Migration, Plan, Policy, Record, View
    from lockmaster.engine.ports import Database, History, Session, Source
    from lockmaster.events import Emit

_TELL_SECONDS = 5.0


class Desk:
    """One look at one database, or one word about it. Use once; close it."""

    def __init__(
        self, database: Database, source: Source, history: History, policy: Policy, *, clock: Clock, wait: float | None,
        turn_wait: float, emit: Emit = events.nowhere,
    ) -> None:  # fmt: skip
        self._database, self._source, self._history, self._policy = database, source, history, policy
        self._clock, self._wait, self._turn_wait, self._emit = clock, wait, turn_wait, emit
        self._migrations = source.migrations()

    # ---- looking ------------------------------------------------------------------------------------------

    def status(self) -> StatusReport:
        """Folder and history side by side. Reads only."""
        session, view = self._open(write=False)
        try:
            if view.exists:
                self._history = session.locate(self._history)
                view = session.read(self._history, details=True)
            plan = planning.make(self._source, self._migrations, view.records, self._policy)
            table = session.dialect.table(session.locate(self._history).schema, self._history.table)
            return StatusReport(
                self._rows(plan, view), session.holder(self._history), plan.current, self._source.format,
                str(self._database), table if view.exists else f"{table} (not there yet)",
            )  # fmt: skip
        except (ServerError, LostConnectionError) as error:
            raise _translated(error) from error
        finally:
            session.close()

    def _rows(self, plan: Plan, view: View) -> tuple[StatusRow, ...]:
        records = {record.id: record for record in view.records}
        rows = [self._row(migration, records.get(migration.id), plan) for migration in self._migrations]
        rows += [_strange(record, "missing") for record in view.records if record.label in plan.missing]
        rows += [_strange(record, "ahead") for record in view.records if record.label in plan.ahead]
        return tuple(rows)

    def _row(self, migration: Migration, record: Record | None, plan: Plan) -> StatusRow:
        pending = migration in plan.pending
        if record is None:
            return StatusRow(migration.label, "out-of-order" if migration in plan.out_of_order else "pending")
        kept = "edited" if migration in plan.edited else "pending" if pending else "applied"
        state = "open" if record.state == "open" else kept
        note = ""
        if record.state == "open":
            journal = decode(record.journal)
            note = journal.encode().splitlines()[0].removeprefix("lockmaster: ") if journal else record.journal[:200]
        elif pending:
            note = "its content changed: it runs again"
        return StatusRow(migration.label, state, record.applied_at, record.seconds, record.applied_by, note)  # type: ignore[arg-type]

    def dry_run(self) -> DryRun:
        """The plan as SQL. Reads only, takes no turn."""
        session, view = self._open(write=False)
        try:
            plan = planning.make(self._source, self._migrations, view.records, self._policy)
            notes = [message for message, _ in planning.oddities(plan, self._policy)]
            notes += [f"{record.label} was begun and not finished: migrate recovers it first" for record in plan.open]
            if not view.exists:
                strangers = session.strangers(self._history)
                notes += (
                    [f"the schema has tables ({', '.join(strangers)}) and no history: migrate refuses"]
                    if strangers
                    else []
                )
            rows = [self._sql(session, migration) for migration in plan.pending]
        except (ServerError, LostConnectionError) as error:
            raise _translated(error) from error
        finally:
            session.close()
        return DryRun(tuple(rows), tuple(notes))

    def _sql(self, session: Session, migration: Migration) -> DryRunRow:
        prepared = prepare(self._source, session.dialect, migration)
        script = reread(self._source, prepared)
        if prepared.plain:
            text = script.decode()
            return DryRunRow(migration.label, f"-- one transaction, with its record\n{text}")
        parts = []
        pieces = Pieces(self._history.at(self._history.schema or "public"), prepared, self._source)
        for index, segment in enumerate(pieces.segments):
            kind = f"alone, outside a transaction ({segment.what})" if segment.kind == "alone" else "one transaction"
            body = script[segment.start : segment.end].decode()
            parts.append(f"-- piece {index + 1} of {pieces.total}: {kind}, journalled\n{body};\n")
        return DryRunRow(migration.label, "".join(parts))

    # ---- the user's word ----------------------------------------------------------------------------------

    def baseline(self, to: str) -> tuple[str, ...]:
        """Mark every migration up to `to` as applied. Returns the labels that were not so before."""
        wanted: Sequence[Migration] = ()
        if to != "none":
            wanted = planning.up_to([m for m in self._migrations if not m.repeatable], to)
        session = self._with_turn()
        try:
            view = session.read(self._history)
            self._history = session.locate(self._history)
            known = {record.id for record in view.records if record.state == "applied"}
            fresh = [m for m in wanted if m.id not in known]
            rows = [] if view.exists else list(self._history.create())
            for migration in fresh:
                rows += self._history.resolve(migration, self._checksum(migration))
            if rows:
                session.write(rows, announce=True)
        except (ServerError, LostConnectionError) as error:
            raise _translated(error) from error
        finally:
            session.close()
        return tuple(migration.label for migration in fresh)

    def resolve(self, applied: str, rolled_back: str) -> str:
        """Record the user's word on one migration. Returns what was done, in one line."""
        wanted = planning.up_to(self._migrations, applied or rolled_back)[-1]
        session = self._with_turn()
        try:
            view = session.read(self._history)
            self._history = session.locate(self._history)
            record = next((r for r in view.records if r.id == wanted.id), None)
            if applied:
                return self._mark_applied(session, wanted, record, view)
            return self._mark_rolled_back(session, wanted, record)
        except (ServerError, LostConnectionError) as error:
            raise _translated(error) from error
        finally:
            session.close()

    def _mark_applied(self, session: Session, wanted: Migration, record: Record | None, view: View) -> str:
        if record is not None and record.state == "applied":
            raise HistoryMismatchError(f"{wanted.label} is applied already", hint="there is nothing to resolve")
        rows = [] if view.exists else list(self._history.create())
        rows += self._history.resolve(wanted, self._checksum(wanted))
        session.write(rows, announce=True)
        return f"{wanted.label} is marked as applied"

    def _mark_rolled_back(self, session: Session, wanted: Migration, record: Record | None) -> str:
        if record is None or record.state == "applied":
            state = "applied" if record else "not in the history"
            raise HistoryMismatchError(
                f"{wanted.label} is {state}, so it cannot be marked as rolled back",
                hint="only a migration that was begun and not finished can be",
            )
        session.write(self._history.undo(record, "lockmaster: marked as rolled back by hand"))
        return f"{wanted.label} is marked as rolled back: the next migrate runs it"

    def _checksum(self, migration: Migration) -> str:
        return self._source.checksum(self._source.script(migration))

    # ---- getting there ------------------------------------------------------------------------------------

    def _open(self, *, write: bool) -> tuple[Session, View]:
        try:
            return self._database.open(self._history, Deadline(self._clock, self._wait), write=write)
        except ServerError as error:
            raise report.outside(error) from error

    def _with_turn(self) -> Session:
        session, view = self._open(write=True)
        try:
            if view.exists:
                self._history = session.locate(self._history)
            self._take_turn(session)
        except (ServerError, LostConnectionError) as error:
            session.close()
            raise _translated(error) from error
        except BaseException:
            session.close()
            raise
        return session

    def _take_turn(self, session: Session) -> None:
        limit, told = Deadline(self._clock, self._turn_wait), float("inf")
        while not session.try_turn(self._history):
            if limit.over():
                raise NoTurnError(
                    f"no turn within {limit.seconds:.0f}s: {self._holder(session)} has it",
                    hint="it is working: try again later",
                )
            if told - limit.left() >= _TELL_SECONDS:
                told = limit.left()
                cause = f"{self._holder(session)} has the turn"
                self._emit(events.Waiting("turn", cause, self._turn_wait - told, self._turn_wait))
            session.sleep(0.2)

    def _holder(self, session: Session) -> str:
        return session.holder(self._history) or "another process"


def _strange(record: Record, state: str) -> StatusRow:
    return StatusRow(record.label, state, record.applied_at, record.seconds, record.applied_by, "not in this folder")  # type: ignore[arg-type]


def _translated(error: ServerError | LostConnectionError) -> LockmasterError:
    if isinstance(error, ServerError):
        return report.outside(error)
    return UnreachableError(f"the connection was lost: {error}", hint="run again")
