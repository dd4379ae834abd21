"""Apply and record, under the turn. Once: a piece and its row commit together, or evidence decides."""

from __future__ import annotations

from lockmaster import events
from lockmaster.clock import pauses
from lockmaster.engine import report
from lockmaster.engine.ahead import Ahead, Telling
from lockmaster.engine.failures import LostConnectionError, LostTurnError, NeedsSessionError, ServerError
from lockmaster.engine.pieces import Pieces, excerpt, reread, unit
from lockmaster.errors import MigrationHalfDoneError
from lockmaster.faults import Fault, reach
from lockmaster.sql.scan import ScriptError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from lockmaster.clock import Clock
    from lockmaster.engine.model import Alone, Migration, Record, Unit
    from lockmaster.engine.pieces import Prepared
    from lockmaster.engine.ports import History, Session, Source
    from lockmaster.events import Emit

DROPS_TURN = frozenset({"discard-all"})  # statements alone after which the turn has to be taken again
_WITH_PLACE = frozenset(
    {"script", "syntax", "privilege"}
)  # errors of a statement: run again one by one, they get a place
_MANY_LOSSES = 3


class AgainError(Exception):
    """The turn ended with the failed transaction: take it again, read again, go on."""


class Budget:
    """How long one run gives way to live traffic in all, and how often a connection may be lost over one migration."""

    def __init__(self, clock: Clock, seconds: float, rng: Random | None = None) -> None:
        self._clock, self._rng = clock, rng
        self._seconds = seconds
        self._pauses = pauses(0.1, 5.0, rng)
        self.spent = 0.0
        self.attempt = 0
        self.losses: dict[str, int] = {}

    def now(self) -> float:
        return self._clock.now()

    def pause(self) -> float | None:
        """Seconds until the next try, None when the budget is spent."""
        if self.spent >= self._seconds:
            return None
        self.attempt += 1
        pause = min(next(self._pauses), self._seconds - self.spent)
        self.spent += pause
        return pause

    def fresh(self) -> None:
        """Something was applied: the next piece starts with short pauses again."""
        self._pauses = pauses(0.1, 5.0, self._rng)
        self.attempt = 0

    def lost(self, migration: str) -> bool:
        """Count a lost connection; True when it has happened too often over this migration."""
        self.losses[migration] = self.losses.get(migration, 0) + 1
        return self.losses[migration] >= _MANY_LOSSES


class Applier:
    """Applies prepared migrations in order over one session that holds the turn."""

    def __init__(
        self,
        session: Session,
        source: Source,
        history: History,
        budget: Budget,
        emit: Emit,
        *,
        done: int,
        total: int,
    ) -> None:
        self.session, self.source, self.history = session, source, history
        self._budget, self._emit = budget, Telling(emit)
        self._done, self._total = done, total
        self.applied: list[str] = []
        self.current: str = ""  # the migration that is being worked on
        self._turn = True  # the turn is ours; where it ends with each transaction, it has to be taken again

    # ---- plain migrations, many in one message ------------------------------------------------------------

    def apply(self, work: Sequence[Prepared]) -> None:
        """Apply all of `work`. Raises LockmasterError, LostConnectionError, LostTurnError, AgainError."""

        def compose(group: Sequence[Prepared]) -> list[tuple[Prepared, Unit]]:
            return [(one, unit(self.source, self.history, one, announce=one is work[-1])) for one in group]

        self._ahead = Ahead(work, self.session.caps, compose)
        try:
            for group in self._ahead:
                if group[0].plain:
                    self._flush(self._ahead.batch(group))
                else:
                    self.pieces(group[0], announce=group[0] is work[-1])
        finally:
            self._emit.catch_up()

    def _flush(self, batch: list[tuple[Prepared, Unit]]) -> None:
        if len(batch) == 1:
            self.single(*batch[0])
        elif batch:
            self._together(batch)

    def _together(self, batch: list[tuple[Prepared, Unit]]) -> None:
        """Several migrations in one message, each in its own transaction."""
        migrations = [prepared.migration for prepared, _ in batch]
        self._emit.later(self._working(migrations[0].label, more=len(batch) - 1))
        receipt, units = self.history.count(migrations), [one for _, one in batch]
        try:
            self.session.run(units, receipt, len(batch), meanwhile=self._meanwhile)
        except ServerError:
            # which of them are in effect is for the history to say; the rest goes one by one, so that the good
            # ones before the bad one are applied as everybody else would (D1)
            for prepared, one in batch[self._committed(migrations) :]:
                self.single(prepared, one)
        else:
            for migration in migrations:
                self._emit.later(self._counted(migration, None))
            self._emit.check()

    def _meanwhile(self) -> None:
        """While the server works on a message: tell what came before it, compose what comes after it."""
        self._emit.meanwhile()
        self._ahead.hurry()

    def _committed(self, migrations: Sequence[Migration]) -> int:
        applied = {record.id: record for record in self.session.read(self.history).records if record.state == "applied"}
        count = 0
        for migration in migrations:
            record = applied.get(migration.id)
            # a repeatable one has a record of its older content, too: it has to be the new content's
            if record is None or (migration.repeatable and not self.source.same(record.checksum, migration)):
                break
            self._applied(migration, None)
            count += 1
        return count

    def single(self, prepared: Prepared, one: Unit) -> None:
        """Apply one unit alone in its message, giving way to live traffic within the budget."""
        self._emit(self._working(one.migration))
        began = self._budget.now()
        while True:
            try:
                self.session.run([one], self.history.count([prepared.migration]), 1)
            except ServerError as error:
                if error.kind == "busy":
                    self._give_way(error, one.migration)
                    continue
                if error.kind == "alone" and (cut := self._recut(prepared, one, error)):
                    return self.pieces(cut, announce=one.announce)
                raise self._failed(error, prepared, one) from error
            return self._applied(prepared.migration, self._budget.now() - began)

    def _recut(self, prepared: Prepared, one: Unit, error: ServerError) -> Prepared | None:
        """The net under the splitter (D2): the server refuses a statement in a transaction, so it has to stand alone."""
        if "alone-in-transaction" in one.notes:
            return None
        if not self.session.caps.session_state:
            why = f"{prepared.migration.path} has a statement that refuses a transaction ({error.text})"
            raise NeedsSessionError([why]) from error
        found = error if error.offset is not None else self.session.pinpoint(one, error.passed)
        if found is None or found.offset is None:
            return None
        offset = one.start + found.offset
        try:
            parsed = self.session.dialect.cut_alone(reread(self.source, prepared), prepared.parsed, offset)
        except ScriptError:  # inside the script's own BEGIN: the author's to repair
            return None
        if parsed == prepared.parsed:
            return None
        self._emit(
            events.Warned(f"{one.migration} has a statement that refuses a transaction; it runs alone", found.text)
        )
        start = next(segment.start for segment in parsed.segments if segment.end > offset)
        return prepared._replace(parsed=parsed, cuts=(*prepared.cuts, start))

    def _failed(self, error: ServerError, prepared: Prepared, one: Unit) -> Exception:
        if error.offset is None and error.kind in _WITH_PLACE:
            error = self._found(error, one)
        where = report.Where(one.migration, prepared.migration.path, one.body, one.line)
        return report.failed(error, where, self.session.dialect)

    def _found(self, error: ServerError, one: Unit) -> ServerError:
        """The error with its place, by running the unit again piecemeal and rolling back."""
        try:
            found = self.session.pinpoint(one, error.passed)
        except (LostConnectionError, ServerError):
            return error
        return found if found is not None and found.sqlstate == error.sqlstate else error

    # ---- migrations of several pieces ---------------------------------------------------------------------

    def pieces(
        self, prepared: Prepared, *, announce: bool, start: int = 0, begun: bool = False, written: str = ""
    ) -> None:
        """Apply the pieces from `start` on; `begun`: the open record is there already, with `written` as its journal."""
        label = prepared.migration.label
        self._emit(self._working(label))
        began = self._budget.now()
        pieces = Pieces(self.history, prepared, self.source, written)
        index = start
        while index < pieces.total:
            self._keep_turn(prepared.migration, pieces)
            if pieces.segments[index].kind == "alone":
                self._alone(prepared, pieces, index, begun=begun, announce=announce)
            elif cut := self._transaction(prepared, pieces, index, begun=begun, announce=announce):
                prepared, pieces = cut, Pieces(self.history, cut, self.source, pieces.written)
                continue
            index, begun = index + 1, True
        self._applied(prepared.migration, self._budget.now() - began)

    def _keep_turn(self, migration: Migration, pieces: Pieces) -> None:
        """Before each piece: where the turn ended with the piece before, take it and look that nobody was in between."""
        if self._turn:
            return
        if not self.session.try_turn(self.history):
            raise AgainError
        journals = [r.journal for r in self.session.read(self.history).records if r.id == migration.id]
        if journals != [pieces.written]:
            raise AgainError
        self._turn = True

    def _spent(self, pieces: Pieces) -> None:
        """A transaction with rows of `pieces` was committed: what that means for the journal and for the turn."""
        pieces.committed()
        self._turn = self.session.caps.turn_spans_transactions

    def _transaction(
        self, prepared: Prepared, pieces: Pieces, index: int, *, begun: bool, announce: bool
    ) -> Prepared | None:
        """Run it as one transaction; the migration cut anew when the server refuses a statement of it in one."""
        one = pieces.unit(index, begun=begun, announce=announce)
        receipt, expected = (self.history.count([prepared.migration]), 1) if one.last else ("SELECT 1", 1)
        while True:
            try:
                self.session.run([one], receipt, expected)
            except ServerError as error:
                if error.kind == "busy":
                    self._give_way(error, one.migration, _in_effect(index, pieces))
                    continue
                if error.kind == "alone" and (cut := self._recut(prepared, one, error)):
                    return cut
                if error.offset is None and error.kind in _WITH_PLACE:
                    error = self._found(error, one)
                where = report.Where(one.migration, prepared.migration.path, one.body, one.line)
                raise self._piece_failed(error, where, prepared, pieces, index, begun=begun) from error
            self._spent(pieces)
            return None

    def _alone(self, prepared: Prepared, pieces: Pieces, index: int, *, begun: bool, announce: bool) -> None:
        alone = pieces.alone(index)
        evidence = self.session.evidence(alone)
        reach(Fault.EVIDENCE)
        self.session.write(pieces.rows_before(index, evidence, begun=begun))
        self._spent(pieces)
        reach(Fault.INTENT)
        while (error := self._try_alone(alone, evidence, pieces, index)) is not None:
            if error.kind != "busy":
                where = report.Where(alone.migration, prepared.migration.path, alone.body, alone.line)
                raise self._piece_failed(error, where, prepared, pieces, index, begun=True) from error
            self._give_way(error, alone.migration, _in_effect(index, pieces))
        self._turn = self._turn and alone.what not in DROPS_TURN
        self._keep_turn(prepared.migration, pieces)
        last = index + 1 == pieces.total
        self.session.write(pieces.rows_after(index, begun=True), announce=announce and last)
        self._spent(pieces)
        reach(Fault.DONE)

    def _try_alone(self, alone: Alone, evidence: str, pieces: Pieces, index: int) -> ServerError | None:
        """Run it once; the error if it did not take effect, in which case nothing of it is left."""
        failure: ServerError | None = None
        try:
            self.session.run_alone(alone)
        except ServerError as error:
            failure = error
        verdict = self.session.judge(alone, evidence, answered=failure is None)
        if verdict.state == "person":
            raise person(alone, verdict.text, verdict.command, pieces.total, index) from failure
        if verdict.state == "done":
            # it is there, and the server says that it was when ours came: another's, who came after the evidence
            return failure if failure is not None and failure.done_before else None
        return failure or ServerError(verdict.text, kind="busy")

    def _piece_failed(
        self, error: ServerError, where: report.Where, prepared: Prepared, pieces: Pieces, index: int, *, begun: bool
    ) -> Exception:
        """Leave nothing behind when the first piece failed, else a journal that the next run understands."""
        dialect = self.session.dialect
        if begun and not self.session.caps.turn_spans_transactions:
            self._turn = False  # it went with the failed transaction; somebody may have gone on from there
            self._keep_turn(prepared.migration, pieces)
        if index == 0:
            if begun:
                record = self._record(where.migration)
                self.session.write(self.history.undo(record, f"lockmaster: failed: {error.text}"))
            return report.failed(error, where, dialect)
        self.session.write(pieces.rows_failed(index, error.text))
        line = pieces.segments[index].line
        now = f"pieces 1 to {index} of {pieces.total} of this migration, up to line {line} of {where.path}"
        command = (
            f"repair what stands from line {line} on and run again: it goes on there; or undo lines 1 to {line} by hand"
            f" and run: lockmaster resolve --rolled-back {where.migration}"
        )
        return report.half_done(error, where, dialect, now=now, command=command)

    def _record(self, label: str) -> Record:
        records = self.session.read(self.history).records
        found = [record for record in records if record.label == label and record.state == "open"]
        if not found:
            raise LostTurnError(f"the open record of {label} is gone")
        return found[0]

    # ---- telling ------------------------------------------------------------------------------------------

    def _give_way(self, error: ServerError, migration: str, now: str = report.NOTHING) -> None:
        pause = self._budget.pause()
        if pause is None:
            raise report.gave_way(error, migration, self._budget.spent, now) from error
        self._emit(events.Retrying(migration, error.text, self._budget.attempt, pause))
        self.session.sleep(pause)
        if not self.session.caps.turn_spans_transactions:
            raise AgainError from error

    def _working(self, label: str, more: int = 0) -> events.Applying:
        self.current = label
        return events.Applying(label, self._done + len(self.applied) + 1, self._total, more)

    def _applied(self, migration: Migration, seconds: float | None) -> None:
        self._emit(self._counted(migration, seconds))

    def _counted(self, migration: Migration, seconds: float | None) -> events.Applied:
        self.applied.append(migration.label)
        self._budget.fresh()
        return events.Applied(migration.label, seconds, self._done + len(self.applied), self._total)


def _in_effect(done: int, pieces: Pieces) -> str:
    return f"{done} of {pieces.total} pieces of this migration" if done else report.NOTHING


def person(alone: Alone, text: str, command: str, total: int, index: int) -> MigrationHalfDoneError:
    """Evidence does not decide, or is somebody else's: exit 13."""
    details = {
        "migration": alone.migration, "line": str(alone.line), "statement": excerpt(alone.body),
        "in the database now": f"{text}; {index} of {total} pieces of this migration are in effect",
    }  # fmt: skip
    hint = (f"{command} then run again; or, " if command else "") + (
        f"if the statement took effect: lockmaster resolve --applied {alone.migration};"
        f" if it did not: lockmaster resolve --rolled-back {alone.migration}"
    )
    return MigrationHalfDoneError(f"migration {alone.migration} stopped: {text}", hint=hint, details=details)
