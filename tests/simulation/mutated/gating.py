"""Mistakes of those who wait for the level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lockmaster.engine.gate import Gate
from lockmaster.engine.model import Plan
from tests.simulation.mutated.registry import mutation

if TYPE_CHECKING:
    import pytest


@mutation("ready", "session", "file")
def lets_half_done_through(patch: pytest.MonkeyPatch) -> None:
    """What was begun counts as done."""
    patch.setattr(Plan, "current", property(lambda self: not self.pending))


@mutation("ready", "session", "pooled", "file")
def opens_the_gate_early(patch: pytest.MonkeyPatch) -> None:
    """The gate opens when the newest migration that the database knows is applied."""
    look = Gate._look

    def mutated(self: Gate, session: Any, plan: Plan, began: float) -> Any:
        return look(self, session, plan._replace(pending=(), open=()) if plan.applied else plan, began)

    patch.setattr(Gate, "_look", mutated)
