"""One run: read; if something is pending take the turn, read again, plan, parse all, apply; else leave at once.

    open ─▶ read ─▶ plan ─▶ current ──────────────────────────────▶ ready
                      └───▶ pending ─▶ turn? ─no─▶ wait, read ─▶ current ─▶ ready
                                         └yes─▶ read, plan, parse all, apply + record ─▶ ready

Everything that interrupts (a lost connection, a lost turn, a lock that was not to be had) leads back to the top of the
loop in `migrate`: open, take the turn, read. Nothing that was known before an interruption is believed after it.
"""

from __future__ import annotations

from lockmaster import events
from lockmaster.clock import Deadline, Rhythm, share
from lockmaster.engine import plan as planning
from lockmaster.engine.failures import LostConnectionError, LostTurnError, NeedsSessionError, ServerError
from lockmaster.engine.remembering import Remembering
from lockmaster.engine.results import MigrateResult
from lockmaster.errors import (
    HistoryMismatchError,
    MigrationFailedError,
    NoTurnError,
    UnreachableError,
    UsageError,
)
from lockmaster.faults import Fault, reach
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from lockmaster.clock import Clock
    from lockmaster.engine.apply import Budget
    from lockmaster.engine.model import Migration, Plan, Policy, Record, View
    from lockmaster.engine.pieces import Prepared
    from lockmaster.engine.ports import Database, History, Line, Session, Source
    from lockmaster.events import Emit

CROWDED = 0.7  # of max_connections: from there on waiters leave and come back (C5)
_MANY_LOST_TURNS = 5
_LOST = "the connection was lost again and again while {} was worked on: {}"
_LOST_HINT = "does the server crash on it (see its log), or is there an idle limit in between?"
_QUICK_SECONDS = 5.0


class Waits(NamedTuple):
    """How long each kind of waiting may take, in seconds; None without a limit."""

    database: float | None
    turn: float | None
    lock_budget: float


class Runner:
    """One run over one database. Use once. `rng` draws the jitter of its pauses; without it nobody can foretell them."""

    def __init__(
        self,
        database: Database,
        source: Source,
        history: History,
        policy: Policy,
        waits: Waits,
        *,
        clock: Clock,
        emit: Emit,
        direct: Callable[[], Database] | None = None,
        deadline: Deadline | None = None,
        line: Line | None = None,
        rng: Random | None = None,
    ) -> None:
        self._database, self._direct, self._line = database, direct, line
        self._source, self._history = Remembering(source), history
        self._policy, self._waits = policy, waits
        self._clock, self._emit, self._rng = clock, emit, rng
        self._began = clock.now()
        self._migrations = source.migrations()
        self._prepared: dict[str, Prepared] = {}
        self._session: Session | None = None
        self._budget: Budget | None = None
        self._applied: list[str] = []
        self._lost_turns = 0
        self._losing, self._lost_at = Deadline(clock, None), float("-inf")
        self._loser: tuple[str, LostConnectionError | None] = ("", None)  # the connection was lost over it too often
        self._warned: set[str] = set()
        self._told: object = None  # the plan that was told last: telling it twice helps nobody
        self._deadline = deadline or Deadline(clock, None)  # of the whole run
        self._holder = ""  # who had the turn when that was seen last
        self._turn_left = waits.turn  # seconds that may still be spent on waiting for the turn; None: without a limit

    # ---- the way through ----------------------------------------------------------------------------------

    def migrate(self) -> MigrateResult:
        """Return when the schema is at the level of the folder. Raises LockmasterError."""
        try:
            return self._migrate()
        except ServerError as error:
            from lockmaster.engine import report

            raise report.outside(error) from error
        finally:
            self._leave_line()
            self._close()

    def _migrate(self) -> MigrateResult:
        view = self._open(write=False)
        plan = self._plan(view, binding=False)
        while not plan.current:
            try:
                plan = self._one_round()
            except LostConnectionError as lost:
                plan = self._after_lost_connection(lost)
            except LostTurnError as lost:
                plan = self._after_lost_turn(lost)
        return self._ready(plan)

    def _one_round(self) -> Plan:
        """A round over the session that there is; over the direct one from when one is needed."""
        try:
            return self._round()
        except NeedsSessionError as needs:
            return self._go_direct(needs)

    def _round(self) -> Plan:
        """Take the turn, or become current while waiting for it; apply what is pending. The plan after it."""
        if self._session is None or not self._session.writable:  # a standby, a file opened to read
            plan = self._plan(self._open(write=True), binding=False)
            if plan.current:
                return plan
        session = self._opened()
        waited = self._take_turn(session)
        if waited is not None:
            return waited
        reach(Fault.TURN_TAKEN)
        plan = self._under_turn(session)
        if plan.current and not self._applied:
            session.announce(self._history)
        session.release()
        reach(Fault.RELEASED)
        if plan.current:  # else we go on at once, and others would only come in between
            self._leave_line()
        return plan

    def _under_turn(self, session: Session) -> Plan:
        """What counts is read now. Applies everything, or as much as one turn can."""
        view = session.read(self._history)
        self._history = session.locate(self._history)
        reach(Fault.READ_UNDER_TURN)
        plan = self._plan(view, binding=True)
        if plan.current:
            return plan
        planning.refuse(plan, self._policy)
        self._warn(plan)
        self._give_up_on_loser(plan)
        work = [self._prepare(session, migration) for migration in plan.pending]
        begun = [(record, self._prepare(session, self._file_of(record))) for record in plan.open]
        self._check_session(session, [*work, *(prepared for _, prepared in begun)])
        if not view.exists:
            self._create_history(session)
            if not session.caps.turn_spans_transactions:
                return plan
        return self._work(session, plan, work, begun)

    def _work(self, session: Session, plan: Plan, work: list[Prepared], begun: list[tuple[Record, Prepared]]) -> Plan:
        from lockmaster.engine.apply import AgainError, Applier, Budget
        from lockmaster.engine.recover import recover

        there = {*plan.applied}
        self._budget = self._budget or Budget(self._clock, self._waits.lock_budget, self._rng)
        applier = Applier(
            session, self._source, self._history, self._budget, self._emit,
            done=len(there - {*plan.pending}), total=len(there | {*plan.pending}) + len(plan.open),
        )  # fmt: skip
        whole = session.caps.turn_spans_transactions  # one turn is enough for all of it
        one_turn = slice(None) if whole else slice(1)
        try:
            for record, prepared in begun[one_turn]:
                applier.current = record.label
                recover(applier, record, prepared, self._policy, self._emit)
            if whole or not begun:
                applier.apply(work[one_turn])
        except AgainError:
            whole = False  # the turn ended before the work did
        except LostConnectionError as lost:
            if self._budget.lost(applier.current):
                self._loser = (applier.current, lost)
            raise
        finally:
            self._applied += applier.applied
            self._lost_turns = 0 if applier.applied else self._lost_turns
        reach(Fault.APPLIED)
        if whole:
            return self._done(plan)
        return self._plan(session.read(self._history), binding=False)

    def _give_up_on_loser(self, plan: Plan) -> None:
        """Try no more what the connection was lost over again and again. Under the turn: now it is known what is left (C7)."""
        label, lost = self._loser
        if label in {record.label for record in plan.open}:
            raise UnreachableError(
                _LOST.format(label, lost), hint=f"{_LOST_HINT} Its journal is in order: the next run goes on there",
                details={"migration": label, "in the database now": "a part of it: `lockmaster status` shows which"},
            )  # fmt: skip
        if label in {migration.label for migration in plan.pending}:
            details = {"migration": label, "in the database now": "nothing of this migration"}
            raise MigrationFailedError(_LOST.format(label, lost), hint=_LOST_HINT, details=details)

    def _done(self, plan: Plan) -> Plan:
        """The plan after everything in it was applied: known without another read, the receipts were looked at."""
        begun = {record.id for record in plan.open}
        there = {*plan.applied, *plan.pending}
        applied = tuple(m for m in self._migrations if m in there or m.id in begun)
        level = next((m.label for m in reversed(applied) if not m.repeatable), "")
        return plan._replace(pending=(), open=(), applied=applied, level=level)

    # ---- opening ------------------------------------------------------------------------------------------

    def _open(self, *, write: bool) -> View:
        self._close()
        self._session, view = self._database.open(
            self._history, Deadline(self._clock, self._waits.database), write=write
        )
        reach(Fault.READ)
        return view

    def _opened(self) -> Session:
        assert self._session is not None  # noqa: S101 - for the type checker: `_open` sets it
        return self._session

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _go_direct(self, needs: NeedsSessionError) -> Plan:
        """The whole run goes over the direct URL, after proof that it is the same database. The plan as read there."""
        assert self._session is not None  # noqa: S101
        self._session.release()
        if self._direct is None:
            more = f" (and {len(needs.reasons) - 1} more)" if len(needs.reasons) > 1 else ""
            raise UsageError(
                f"behind a transaction pooler this cannot run: {needs.reasons[0]}{more}",
                hint="set DIRECT_DATABASE_URL to the server itself; or --pooler=session (or none), if that is what it is",
            )
        here, pooled = self._session.identity(), self._database
        self._database = self._direct()
        try:
            view = self._open(write=True)
            there = self._session.identity()
        except LostConnectionError:
            self._database = pooled  # nothing is proven yet
            raise
        self._direct = None
        if there != here:
            raise UsageError(
                "DIRECT_DATABASE_URL leads to another database than DATABASE_URL",
                hint="both must reach the same database of the same server",
            )
        return self._plan(view, binding=False)

    # ---- the turn -----------------------------------------------------------------------------------------

    def _take_turn(self, session: Session) -> Plan | None:
        """None when the turn is ours; the plan when everything became current while we waited."""
        limit = Deadline(self._clock, self._turn_left)
        try:
            return self._wait_for_turn(session, limit)
        except (ServerError, LostConnectionError) as error:
            if self._holder and self._deadline.over():  # it cut this question short; what was seen before stays true
                raise self._no_turn(session) from error
            raise
        finally:  # our own work, and waiting for the database, do not count
            self._turn_left = None if self._turn_left is None else limit.left()

    def _wait_for_turn(self, session: Session, limit: Deadline) -> Plan | None:
        began = self._clock.now()
        tell_at, woken, rhythm, pause = 0.0, False, Rhythm(self._rng), 0.2
        while True:
            # who was woken by the holder looks at the history first: most often there is nothing left to do
            if not woken and (self._line is None or self._line.first()) and session.try_turn(self._history):
                self._emit(events.TurnTaken(self._clock.now() - began))
                return None
            if limit.over() or self._deadline.over():
                raise self._no_turn(session)
            self._holder = self._holder or "another process"
            listening = session.listen(self._history)
            view = session.read(self._history, load=not woken)
            self._history = session.locate(self._history) if view.exists else self._history
            plan = self._plan(view, binding=False, quiet=True)
            if plan.current:
                if not woken:  # seen by looking: whoever did it sent no word (Prisma, somebody who died)
                    session.announce(self._history)
                return plan
            if view.load > CROWDED:
                return self._step_aside(pause)
            waited = self._clock.now() - began
            if waited >= tell_at:
                tell_at = waited + 5.0 * share(view.peers)
                cause = self._cause(session, plan)
                self._emit(events.Waiting("turn", cause, waited, self._waits.turn, self._holder))
            pause = rhythm.pause(view.peers, told=listening)
            woken = session.sleep(min(pause, limit.left(), self._deadline.left()))

    def _leave_line(self) -> None:
        if self._line is not None:
            self._line.leave()

    def _step_aside(self, pause: float) -> Plan:
        """Give the connection back while they are scarce: the holder and the application need them more (C5)."""
        assert self._session is not None  # noqa: S101
        self._emit(events.Waiting("turn", "connections are scarce: leaving and coming back", 0.0, self._waits.turn))
        self._session.close()
        self._clock.sleep(min(0.5 + 2 * pause, self._deadline.left()))
        if self._deadline.over():
            raise self._no_turn(None)
        return self._plan(self._open(write=True), binding=False, quiet=True)

    def _cause(self, session: Session, plan: Plan) -> str:
        in_line = self._line.others() if self._line is not None else ""
        self._holder = session.holder(self._history) or in_line or "another process"
        working = plan.open[0].label if plan.open else plan.pending[0].label
        return f"{self._holder} has the turn, next is {working}"

    def _no_turn(self, session: Session | None) -> NoTurnError:
        """Nothing is asked once the deadline is over: it would cut that question short, too."""
        late, holder = self._deadline.over(), ""
        if session is not None and not late:
            holder = session.holder(self._history)
        holder = holder or self._holder or "another process"
        return NoTurnError(
            f"no turn within {(self._deadline.seconds if late else self._waits.turn) or 0:.0f}s: {holder} has it",
            hint=f"it is working, or its session is left over; {'--deadline' if late else '--wait-for-turn'} waits longer",
            details={"holder": holder},
        )

    def _after_lost_connection(self, lost: LostConnectionError) -> Plan:
        """Open again. A connection that is lost at once, time and again, is closed for what we say on it."""
        now = self._clock.now()
        if now - self._lost_at >= _QUICK_SECONDS:
            self._losing = Deadline(self._clock, self._waits.database)
        self._lost_at = now
        if self._losing.over():
            raise UnreachableError(
                f"the connection is lost again and again: {lost}",
                hint="what is in between? A pooler in statement mode passes no transactions",
            )
        self._emit(events.Waiting("database", f"the connection was lost: {lost}", 0.0, self._waits.database))
        self._clock.sleep(0.1)
        return self._plan(self._open(write=True), binding=False)

    def _after_lost_turn(self, lost: LostTurnError) -> Plan:
        self._lost_turns += 1
        self._emit(events.TurnLost(str(lost)))
        if self._lost_turns >= _MANY_LOST_TURNS:
            raise NoTurnError(
                f"the turn was lost {self._lost_turns} times in a row: {lost}",
                hint="a pooler in between that hides itself? Say --pooler=transaction",
            )
        return self._plan(self._open(write=True), binding=False)

    # ---- planning -----------------------------------------------------------------------------------------

    def _plan(self, view: View, *, binding: bool, quiet: bool = False) -> Plan:
        plan = planning.make(self._source, self._migrations, view.records, self._policy)
        told = (len(plan.applied), tuple(m.label for m in plan.pending), plan.ahead)
        if not quiet and told != self._told and not self._applied:
            self._told = told
            self._emit(events.Planned(self._source.format, *told, binding))
        return plan

    def _prepare(self, session: Session, migration: Migration) -> Prepared:
        from lockmaster.engine.pieces import prepare

        if migration.id not in self._prepared:
            self._prepared[migration.id] = prepare(self._source, session.dialect, migration)
            if "own-lock-timeout" in self._prepared[migration.id].kinds:
                hint = "its waits for locks hold up whoever comes after them for that long"
                self._emit(events.Warned(f"{migration.label} sets its own lock_timeout, which wins over ours", hint))
        return self._prepared[migration.id]

    def _file_of(self, record: Record) -> Migration:
        return next(migration for migration in self._migrations if migration.id == record.id)

    def _check_session(self, session: Session, work: Sequence[Prepared]) -> None:
        from lockmaster.engine.pieces import session_reasons

        if session.caps.session_state:
            return
        reasons = [reason for prepared in work for reason in session_reasons(prepared)]
        if reasons:
            raise NeedsSessionError(reasons)

    def _create_history(self, session: Session) -> None:
        strangers = session.strangers(self._history)
        if strangers:
            raise HistoryMismatchError(
                f"the schema has tables ({', '.join(strangers)}) and no history: nobody knows what is applied",
                hint="say up to where it is applied: lockmaster baseline --to LAST_APPLIED",
            )
        try:
            session.write(self._history.create())
        except ServerError as error:
            if error.done_before:  # somebody who takes no turn made it in this moment
                raise LostTurnError(error.text) from error
            raise
        reach(Fault.HISTORY_CREATED)

    # ---- the end ------------------------------------------------------------------------------------------

    def _ready(self, plan: Plan) -> MigrateResult:
        planning.refuse(plan, self._policy)
        self._warn(plan)
        seconds = self._clock.now() - self._began
        total = len(plan.applied)
        self._emit(events.Ready(plan.level, len(self._applied), total, seconds, plan.ahead))
        return MigrateResult(plan.level, tuple(self._applied), total, plan.ahead, seconds)

    def _warn(self, plan: Plan) -> None:
        for message, hint in planning.oddities(plan, self._policy):
            if message not in self._warned:
                self._warned.add(message)
                self._emit(events.Warned(message, hint))
