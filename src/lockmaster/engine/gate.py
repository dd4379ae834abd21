"""Hold the application back until the schema is at its level. Never writes, takes no turn, needs SELECT only."""

from __future__ import annotations

from lockmaster import events
from lockmaster.clock import Rhythm
from lockmaster.engine import plan as planning
from lockmaster.engine.failures import LostConnectionError, ServerError
from lockmaster.engine.results import MigrateResult
from lockmaster.errors import BehindError, UnreachableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from random import Random

    from lockmaster.clock import Clock, Deadline
    from lockmaster.engine.model import Plan, Policy, View
    from lockmaster.engine.ports import Database, History, Session, Source
    from lockmaster.events import Emit


class Gate:
    """Waits for the level of one folder in one database. `limit` is the deadline of the whole wait."""

    def __init__(
        self, database: Database, source: Source, history: History, policy: Policy, *, clock: Clock, emit: Emit,
        limit: Deadline, rng: Random | None = None,
    ) -> None:  # fmt: skip
        self._database, self._source, self._history, self._policy = database, source, history, policy
        self._clock, self._emit, self._limit, self._rng = clock, emit, limit, rng
        self._migrations = source.migrations()

    def wait(self) -> MigrateResult:
        """Return when the level is there. Raises BehindError, UnreachableError, AccessDeniedError, StoppedError."""
        began = self._clock.now()
        while True:
            try:
                return self._watch(began)
            except LostConnectionError as lost:
                self._emit(events.Waiting("database", f"the connection was lost: {lost}", 0.0, self._limit.seconds))
            except ServerError as error:
                from lockmaster.engine import report

                raise report.outside(error) from error
            if self._limit.over():
                raise UnreachableError("the database did not accept work in time", hint="--deadline waits longer")

    def _watch(self, began: float) -> MigrateResult:
        session, view = self._database.open(self._history, self._limit, write=False)
        try:
            return self._look(session, planning.make(self._source, self._migrations, view.records, self._policy), began)
        finally:
            session.close()

    def _look(self, session: Session, plan: Plan, began: float) -> MigrateResult:
        told = -10.0
        view: View | None = None
        rhythm = Rhythm(self._rng)
        while True:
            if plan.current:
                return self._ready(plan, began)
            waited = self._clock.now() - began
            if self._limit.over():
                raise self._behind(plan)
            if waited - told >= 5.0:
                told = waited
                self._emit(events.Waiting("level", self._cause(plan), waited, self._limit.seconds))
            try:
                woken_by_holder = session.listen(self._history)
                if (
                    view is not None
                ):  # the first read after LISTEN comes without a pause: else an announcement is missed
                    session.sleep(min(rhythm.pause(view.peers, told=woken_by_holder), self._limit.left()))
                view = session.read(self._history, load=True)
            except ServerError as error:
                if self._limit.over():  # it cut this query short; what was seen before stays true
                    raise self._behind(plan) from error
                raise
            plan = planning.make(self._source, self._migrations, view.records, self._policy)

    def _ready(self, plan: Plan, began: float) -> MigrateResult:
        planning.refuse(plan, self._policy)
        for message, hint in planning.oddities(plan, self._policy):
            self._emit(events.Warned(message, hint))
        seconds = self._clock.now() - began
        self._emit(events.Ready(plan.level, 0, len(plan.applied), seconds, plan.ahead))
        return MigrateResult(plan.level, (), len(plan.applied), plan.ahead, seconds)

    def _cause(self, plan: Plan) -> str:
        first = plan.open[0].label if plan.open else plan.pending[0].label
        return f"{len(plan.pending) + len(plan.open)} to be applied by somebody else, next is {first}"

    def _behind(self, plan: Plan) -> BehindError:
        waiting = [record.label for record in plan.open] + [migration.label for migration in plan.pending]
        return BehindError(
            f"the schema is behind this image: {len(waiting)} to be applied, next is {waiting[0]}",
            hint="is the migration running, or did it fail? `lockmaster status` shows it",
            details={"level": plan.level or "nothing applied", "pending": ", ".join(waiting[:10])},
        )
