"""An errand: somebody else's work under our turn, at most once per key.

    look ─▶ key is recorded ───────────────────────────────▶ done before
      └───▶ not: turn? ─no─▶ wait, look ─▶ recorded ────────▶ done before
                   └yes─▶ look, orphans end, work, record ──▶ done now

The work is not done in our session, so the turn cannot protect it by itself. What is done about that: the turn is
proven every few seconds while the work goes on, and on its loss the work is ended at once; and whoever has the turn
next first waits for what such work left running in the database. THIS DOES NOT FENCE: work that ignores its end, and
whose sessions cannot be told by their name, may still be running when the next one begins.
"""

from __future__ import annotations

from lockmaster import events
from lockmaster.clock import Deadline, Rhythm, share
from lockmaster.engine.failures import LostConnectionError, LostTurnError, ServerError
from lockmaster.errors import NoTurnError, UnreachableError
from lockmaster.faults import ErrandFault, reach
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.clock import Clock
    from lockmaster.engine.ports import Keeper
    from lockmaster.events import Emit

CROWDED = 0.7  # of max_connections: from there on waiters leave and come back (C5)
_MANY_LOSSES = 5


class Seen(NamedTuple):
    """What one look showed."""

    done: bool  # the key is recorded
    load: float = 0.0  # part of the server's connections in use
    peers: int = 0
    told: bool = False  # the holder will wake us


class Limits(NamedTuple):
    """Seconds; None without a limit."""

    database: float | None
    turn: float | None


class Errand:
    """One errand. Use once. `work` gets the keeper, and calls `hold` while it goes on; it raises when it failed."""

    def __init__(
        self, keeper: Keeper, work: Callable[[Keeper], None], command: str, limits: Limits, *,
        once: bool, end_orphans: bool, clock: Clock, emit: Emit, deadline: Deadline,
    ) -> None:  # fmt: skip
        self._keeper, self._work, self._command, self._limits = keeper, work, command, limits
        self._once, self._end_orphans = once, end_orphans
        self._clock, self._emit, self._deadline = clock, emit, deadline
        self._took: float | None = None  # seconds that the work took, once it has ended well
        self._losses = 0
        self._began = False  # what is left of an earlier try is our own, and was ended

    def run(self) -> bool:
        """Return when the work is done and recorded: True, or False when it was recorded before. Raises LockmasterError."""
        try:
            return self._until_done()
        except ServerError as error:
            from lockmaster.engine import report

            raise report.outside(error) from error
        finally:
            self._keeper.close()

    def _until_done(self) -> bool:
        while True:
            try:
                seen = self._keeper.open(self._database_limit(), write=False)
                reach(ErrandFault.KEY_READ)
                if self._once and seen.done and self._took is None:
                    return False
                return self._under_turn()
            except (LostConnectionError, LostTurnError) as lost:
                self._lost(lost)

    def _under_turn(self) -> bool:
        if not self._keeper.writable:
            self._keeper.open(self._database_limit(), write=True)
        if self._wait_for_turn():
            return False
        reach(ErrandFault.TURN)
        if self._once and self._keeper.look().done:
            self._keeper.release()
            return self._took is not None
        if self._once and not self._keeper.prepare():
            raise _TurnEndedError("making the table ended the turn")
        reach(ErrandFault.PREPARED)
        if self._took is None:
            self._outlive_orphans()
            began, self._began = self._clock.now(), True
            self._work(self._keeper)
            self._took = self._clock.now() - began
        reach(ErrandFault.WORKED)
        if self._once:
            self._keeper.record(self._command, self._took)
        reach(ErrandFault.RECORDED)
        self._keeper.release()
        return True

    def _wait_for_turn(self) -> bool:
        """True when the key was recorded while we waited; False when the turn is ours."""
        began, limit = self._clock.now(), Deadline(self._clock, self._limits.turn)
        tell_at, woken, rhythm, holder = 0.0, False, Rhythm(), ""
        while woken or not self._keeper.take():
            if limit.over() or self._deadline.over():
                raise self._no_turn(holder)
            seen = self._keeper.look(load=not woken)
            if self._once and seen.done:
                return True
            holder = self._keeper.holder() or holder or "another process"
            waited = self._clock.now() - began
            if seen.load > CROWDED:
                self._step_aside()
                woken = False
                continue
            if waited >= tell_at:
                tell_at = waited + 5.0 * share(seen.peers)
                self._emit(events.Waiting("turn", f"{holder} has the turn", waited, self._limits.turn, holder))
            pause = rhythm.pause(seen.peers, told=seen.told)
            woken = self._keeper.wait(min(pause, limit.left(), self._deadline.left())) and self._once
        self._emit(events.TurnTaken(self._clock.now() - began))
        return False

    def _step_aside(self) -> None:
        """Give the connection back while they are scarce: the work and the application need them more (C5)."""
        self._emit(events.Waiting("turn", "connections are scarce: leaving and coming back", 0.0, self._limits.turn))
        self._keeper.close()
        self._clock.sleep(min(1.0, self._deadline.left()))
        self._keeper.open(self._database_limit(), write=True)

    def _outlive_orphans(self) -> None:
        """What an earlier holder's work left running has to end first. Never with a guess: they are told by their name."""
        began, limit = self._clock.now(), Deadline(self._clock, self._limits.turn)
        while orphans := self._keeper.orphans(end=self._end_orphans or self._began):
            waited = self._clock.now() - began
            cause = f"of an earlier holder's command {', '.join(orphans)} is still there"
            if limit.over() or self._deadline.over():
                hint = "--end-orphans ends it; so does: SELECT pg_terminate_backend(PID)"
                raise NoTurnError(f"no turn within {waited:.0f}s: {cause}", hint=hint)
            self._emit(events.Waiting("turn", cause, waited, self._limits.turn))
            self._keeper.hold(min(0.5, self._deadline.left()), ())

    def _no_turn(self, holder: str) -> NoTurnError:
        late = self._deadline.over()
        seconds = (self._deadline.seconds if late else self._limits.turn) or 0
        return NoTurnError(
            f"no turn within {seconds:.0f}s: {holder or 'another process'} has it",
            hint=f"its command is still working; {'--deadline' if late else '--wait-for-turn'} waits longer",
            details={"holder": holder},
        )

    def _lost(self, lost: Exception) -> None:
        """Everything begins anew: nothing that was known before is believed."""
        if not isinstance(lost, _TurnEndedError):
            self._losses += 1
            self._emit(events.TurnLost(str(lost)))
        if self._losses >= _MANY_LOSSES or self._deadline.over():
            raise UnreachableError(
                f"the connection that holds the turn was lost {self._losses} times: {lost}",
                hint="what is in between? An idle limit, or a pooler: DIRECT_DATABASE_URL goes around it",
            ) from lost
        self._keeper.close()
        self._clock.sleep(0.1)

    def _database_limit(self) -> Deadline:
        left = self._deadline.left()
        limits = [
            limit for limit in (self._limits.database, None if left == float("inf") else left) if limit is not None
        ]
        return Deadline(self._clock, min(limits) if limits else None)


class _TurnEndedError(LostTurnError):
    """Not a loss: the turn ended with a transaction of ours, and is taken again."""
