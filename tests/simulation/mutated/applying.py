"""Mistakes in applying and recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lockmaster.engine.ahead import Ahead
from lockmaster.engine.apply import Applier
from lockmaster.engine.failures import LostConnectionError
from lockmaster.engine.run import Runner
from lockmaster.errors import MigrationFailedError
from tests.simulation.backend import Backend
from tests.simulation.mutated.registry import mutation

if TYPE_CHECKING:
    import pytest

    from lockmaster.engine.failures import ServerError
    from lockmaster.engine.model import Plan


@mutation("once|history", "session")
def records_outside_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """The script commits, and then its record does."""

    def mutated(self: Any, batch: Any) -> None:
        for prepared, one in batch:
            self.session.run([one._replace(rows=())], "SELECT 1", 1)
            self.session.write(one.rows)
            self._applied(prepared.migration, None)

    patch.setattr(Applier, "_flush", mutated)


@mutation("once|history", "session")
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


@mutation("once|history|nothing remains|report", "session", "pooled")
def commits_each_part(patch: pytest.MonkeyPatch) -> None:
    """A big script that is sent in parts is not one transaction."""
    part = Backend.part

    def mutated(self: Backend, unit: Any, start: int, end: int) -> Any:
        yield from part(self, unit, start, end)
        self.server.commit(self, self.effects, ())
        self.effects = []

    patch.setattr(Backend, "part", mutated)


@mutation("ready", "session", "pooled")
def believes_that_lost_is_done(patch: pytest.MonkeyPatch) -> None:
    """After a lost connection it takes for granted that the message was executed."""
    after = Runner._after_lost_connection

    def mutated(self: Runner, lost: LostConnectionError) -> Plan:
        plan = after(self, lost)
        return plan._replace(pending=(), open=(), applied=plan.applied + plan.pending)

    patch.setattr(Runner, "_after_lost_connection", mutated)


@mutation("once|history", "session")
def repeats_a_failed_batch(patch: pytest.MonkeyPatch) -> None:
    """A message of several transactions failed: it takes for granted that nothing of it was committed."""
    patch.setattr(Applier, "_committed", lambda _self, _migrations: 0)


@mutation("ready", "session")
def loses_what_was_composed_early(patch: pytest.MonkeyPatch) -> None:
    """The batch that was made ready while the server worked on the one before is taken for sent."""

    def mutated(self: Ahead) -> None:
        if self._groups and self._groups[0][0].plain:
            self._compose(self._groups.popleft())

    patch.setattr(Ahead, "hurry", mutated)


@mutation("order|ready|report", "session", "pooled", "file")
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


@mutation("history", "session")
def busy_is_done_before(patch: pytest.MonkeyPatch) -> None:
    """What gives way to live traffic is recorded when it gave way, not when it was applied."""
    give_way = Applier._give_way

    def mutated(self: Applier, error: ServerError, migration: str, *args: Any) -> None:
        found = next((m for m in self.source.migrations() if m.label == migration), None)
        records = {record.id for record in self.session.read(self.history).records}
        if found is not None and found.id not in records:
            self.session.write(self.history.applied(found, self.source.checksum(self.source.script(found))))
        give_way(self, error, migration, *args)

    patch.setattr(Applier, "_give_way", mutated)
