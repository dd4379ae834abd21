"""Engines with one defect each, which the simulation has to catch. Patches, never edits: what is not patched is ours.

Each is a mistake that a migration tool could well make; most of them were made by one. `modes` are those in which the
defect shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from lockmaster.engine import recover
from lockmaster.engine.apply import Applier
from lockmaster.engine.failures import LostConnectionError, ServerError
from lockmaster.engine.gate import Gate
from lockmaster.engine.model import Plan
from lockmaster.engine.pieces import Pieces
from lockmaster.engine.run import Runner
from lockmaster.errors import MigrationFailedError
from tests.simulation.client import SimSession
from tests.simulation.server import Backend

if TYPE_CHECKING:
    from collections.abc import Callable


class Mutation(NamedTuple):
    """`patch` makes the defect, for as long as the MonkeyPatch lives."""

    name: str
    patch: Callable[[pytest.MonkeyPatch], None]
    modes: tuple[str, ...]


MUTATIONS: list[Mutation] = []


def _mutation(*modes: str) -> Callable[[Callable[[pytest.MonkeyPatch], None]], None]:
    def add(patch: Callable[[pytest.MonkeyPatch], None]) -> None:
        MUTATIONS.append(Mutation(patch.__name__, patch, modes or ("session",)))

    return add


# ---- the turn and the plan ------------------------------------------------------------------------------------


@_mutation("session", "pooled")
def plans_before_the_lock(patch: pytest.MonkeyPatch) -> None:
    """The plan made before the lock is used under it."""
    under_turn = Runner._under_turn

    def mutated(self: Runner, session: Any) -> Plan:
        read, session.read = session.read, lambda *_, **__: session.last
        try:
            return under_turn(self, session)
        finally:
            session.read = read

    patch.setattr(Runner, "_under_turn", mutated)


@_mutation("session")
def ignores_the_proof(patch: pytest.MonkeyPatch) -> None:
    """A session whose script dropped the turn goes on."""
    patch.setattr(Backend, "has_turn", lambda _self: True)


@_mutation("session")
def releases_before_it_applies(patch: pytest.MonkeyPatch) -> None:
    work = Runner._work

    def mutated(self: Runner, session: Any, *args: Any) -> Plan:
        session.release()
        return work(self, session, *args)

    patch.setattr(Runner, "_work", mutated)


@_mutation("session")
def releases_before_it_applies_without_proof(patch: pytest.MonkeyPatch) -> None:
    """The same, where nothing proves the turn."""
    releases(patch)
    patch.setattr(Backend, "has_turn", lambda _self: True)


def releases(patch: pytest.MonkeyPatch) -> None:
    next(one for one in MUTATIONS if one.name == "releases_before_it_applies").patch(patch)


@_mutation("session", "pooled")
def believes_the_holder(patch: pytest.MonkeyPatch) -> None:
    """Who waited for the turn takes for granted that the holder has done it all."""
    take_turn = Runner._take_turn

    def mutated(self: Runner, session: SimSession) -> Plan | None:
        waited = False
        sleep = session.sleep

        def asleep(seconds: float) -> bool:
            nonlocal waited
            waited = True
            return sleep(seconds)

        session.sleep = asleep  # type: ignore[method-assign]
        plan = take_turn(self, session)
        if plan is None and waited:
            session.release()
            return Plan((), tuple(self._migrations), (), (), (), (), (), "")
        return plan

    patch.setattr(Runner, "_take_turn", mutated)


@_mutation("session", "pooled", "file")
def locks_before_it_looks(patch: pytest.MonkeyPatch) -> None:
    """Takes the turn at each start, also when nothing is pending."""
    plan = Runner._plan

    def mutated(self: Runner, view: Any, *, binding: bool, quiet: bool = False) -> Plan:
        found = plan(self, view, binding=binding, quiet=quiet)
        if not binding and not quiet and found.current and self._session is not None and self._session.writable:
            self._session.try_turn(self._history)
            self._session.release()
        return found

    patch.setattr(Runner, "_plan", mutated)


@_mutation("pooled", "file")
def naps_with_the_turn(patch: pytest.MonkeyPatch) -> None:
    """Sleeps between taking the turn and using it: in a transaction, where that is the turn."""
    take_turn = Runner._take_turn

    def mutated(self: Runner, session: Any) -> Plan | None:
        plan = take_turn(self, session)
        if plan is None:
            session.sleep(0.1)
        return plan

    patch.setattr(Runner, "_take_turn", mutated)


# ---- applying -------------------------------------------------------------------------------------------------


@_mutation("session")
def records_outside_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """The script commits, and then its record does."""

    def mutated(self: Any, batch: Any) -> None:
        for prepared, one in batch:
            self.session.run([one._replace(rows=())], "SELECT 1", 1)
            self.session.write(one.rows)
            self._applied(prepared.migration, None)

    patch.setattr(Applier, "_flush", mutated)


@_mutation("session")
def believes_that_lost_is_failed(patch: pytest.MonkeyPatch) -> None:
    """After a lost connection it takes the turn again and repeats what it was doing, without a look at the history."""
    work = Runner._work

    def mutated(self: Runner, session: Any, *args: Any) -> Plan:
        try:
            return work(self, session, *args)
        except LostConnectionError:
            self._open(write=True)
            again = self._session
            assert again is not None
            while not again.try_turn(self._history):
                again.sleep(1.0)
            return work(self, again, *args)

    patch.setattr(Runner, "_work", mutated)


@_mutation("session", "pooled")
def believes_that_lost_is_done(patch: pytest.MonkeyPatch) -> None:
    """After a lost connection it takes for granted that the message was executed."""
    one_round = Runner._one_round

    def mutated(self: Runner, plan: Plan) -> Plan:
        try:
            return one_round(self, plan)
        except LostConnectionError:
            return plan._replace(pending=(), open=(), applied=plan.applied + plan.pending)

    patch.setattr(Runner, "_one_round", mutated)


@_mutation("session")
def repeats_a_failed_batch(patch: pytest.MonkeyPatch) -> None:
    """A message of several transactions failed: it takes for granted that nothing of it was committed."""
    patch.setattr(Applier, "_committed", lambda _self, _migrations: 0)


@_mutation("session", "pooled", "file")
def skips_what_fails(patch: pytest.MonkeyPatch) -> None:
    """A migration fails, and the next one is applied all the same."""
    single = Applier.single

    def mutated(self: Applier, prepared: Any, one: Any) -> None:
        try:
            single(self, prepared, one)
        except MigrationFailedError:
            self._applied(prepared.migration, None)

    patch.setattr(Applier, "single", mutated)
    patch.setattr(Applier, "_flush", lambda self, batch: [self.single(*one) for one in batch])


@_mutation("session")
def busy_is_done_before(patch: pytest.MonkeyPatch) -> None:
    """What gives way to live traffic is recorded when it gave way, not when it was applied."""
    give_way = Applier._give_way

    def mutated(self: Applier, error: ServerError, migration: str) -> None:
        found = next((m for m in self.source.migrations() if m.label == migration), None)
        records = {record.id for record in self.session.read(self.history).records}
        if found is not None and found.id not in records:
            self.session.write(self.history.applied(found, self.source.checksum(self.source.script(found))))
        give_way(self, error, migration)

    patch.setattr(Applier, "_give_way", mutated)


# ---- statements alone, and their journal ----------------------------------------------------------------------


@_mutation("session")
def writes_the_intent_afterwards(patch: pytest.MonkeyPatch) -> None:
    def mutated(self: Any, prepared: Any, pieces: Pieces, index: int, *, begun: bool, announce: bool) -> None:
        alone = pieces.alone(index)
        evidence = self.session.evidence(alone)
        self.session.run_alone(alone)
        self.session.write(pieces.rows_before(index, evidence, begun=begun))
        self.session.write(pieces.rows_after(index, begun=True), announce=announce)
        del prepared

    patch.setattr(Applier, "_alone", mutated)


@_mutation("session")
def repeats_without_judging(patch: pytest.MonkeyPatch) -> None:
    """An interrupted statement is run again, whatever became of it."""
    patch.setattr(recover, "_judged", lambda *_: 0)


@_mutation("session")
def believes_the_intent(patch: pytest.MonkeyPatch) -> None:
    """An interrupted statement is taken for done, whatever became of it."""
    patch.setattr(recover, "_judged", lambda *_: 1)


@_mutation("session")
def finishes_without_the_rest(patch: pytest.MonkeyPatch) -> None:
    """An interrupted migration is recorded as applied, although pieces of it are missing."""

    def mutated(applier: Applier, record: Any, prepared: Any, journal: Any, emit: Any) -> None:
        applier.session.write(applier.history.finish(prepared.migration, prepared.checksum))
        del record, journal, emit

    patch.setattr(recover, "_continue", mutated)


@_mutation("session", "direct")
def starts_pieces_from_the_top(patch: pytest.MonkeyPatch) -> None:
    """An interrupted migration of several pieces is run from its first one."""
    pieces = Applier.pieces

    def mutated(self: Applier, prepared: Any, *, announce: bool, start: int = 0, begun: bool = False) -> None:
        pieces(self, prepared, announce=announce, start=start * 0, begun=begun)

    patch.setattr(Applier, "pieces", mutated)


@_mutation("session")
def undoes_too_much(patch: pytest.MonkeyPatch) -> None:
    """A later piece failed, and the record of the earlier ones is taken back."""
    failed = Applier._piece_failed

    def mutated(self: Applier, error: Any, where: Any, pieces: Any, index: int, *, begun: bool) -> Exception:
        return failed(self, error, where, pieces, index * 0, begun=begun)

    patch.setattr(Applier, "_piece_failed", mutated)


@_mutation("file")
def keeps_a_turn_that_has_ended(patch: pytest.MonkeyPatch) -> None:
    """Between two pieces the turn ended and was taken again, and nobody looks who was there in between."""

    def mutated(self: Any, migration: Any, pieces: Pieces) -> None:
        while not self._turn and not self.session.try_turn(self.history):
            self.session.sleep(0.1)
        self._turn = True
        del migration, pieces

    patch.setattr(Applier, "_keep_turn", mutated)


# ---- the gate -------------------------------------------------------------------------------------------------


@_mutation("session", "file")
def lets_half_done_through(patch: pytest.MonkeyPatch) -> None:
    """What was begun counts as done."""
    patch.setattr(Plan, "current", property(lambda self: not self.pending))


@_mutation("session", "pooled", "file")
def opens_the_gate_early(patch: pytest.MonkeyPatch) -> None:
    """The gate opens when the newest migration that the database knows is applied."""
    look = Gate._look

    def mutated(self: Gate, session: Any, plan: Plan, began: float) -> Any:
        return look(self, session, plan._replace(pending=(), open=()) if plan.applied else plan, began)

    patch.setattr(Gate, "_look", mutated)
