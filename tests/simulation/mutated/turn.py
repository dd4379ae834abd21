"""Mistakes around the turn and the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lockmaster.engine.model import Plan
from lockmaster.engine.run import Runner
from tests.simulation.backend import Backend
from tests.simulation.mutated.registry import mutation

if TYPE_CHECKING:
    import pytest

    from tests.simulation.client import SimSession


@mutation("once|history", "session", "pooled")
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


@mutation("two at once|once|history", "session")
def ignores_the_proof(patch: pytest.MonkeyPatch) -> None:
    """A session whose script dropped the turn goes on."""
    patch.setattr(Backend, "has_turn", lambda _self: True)


@mutation("exit 11", "session")
def releases_before_it_applies(patch: pytest.MonkeyPatch) -> None:
    work = Runner._work

    def mutated(self: Runner, session: Any, *args: Any) -> Plan:
        session.release()
        return work(self, session, *args)

    patch.setattr(Runner, "_work", mutated)


@mutation("two at once|once|history|exit 13", "session")
def releases_before_it_applies_without_proof(patch: pytest.MonkeyPatch) -> None:
    """The same, where nothing proves the turn."""
    releases_before_it_applies(patch)
    ignores_the_proof(patch)


@mutation("ready", "session", "pooled")
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
            return Plan((), tuple(self._migrations), (), (), (), (), (), (), "")
        return plan

    patch.setattr(Runner, "_take_turn", mutated)


@mutation("current costs nothing", "session", "pooled", "file")
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


@mutation("nobody waits inside", "pooled", "file")
def naps_with_the_turn(patch: pytest.MonkeyPatch) -> None:
    """Sleeps between taking the turn and using it: in a transaction, where that is the turn."""
    take_turn = Runner._take_turn

    def mutated(self: Runner, session: Any) -> Plan | None:
        plan = take_turn(self, session)
        if plan is None:
            session.sleep(0.1)
        return plan

    patch.setattr(Runner, "_take_turn", mutated)
