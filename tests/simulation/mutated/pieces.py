"""Mistakes with migrations of several pieces, statements alone, and their journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lockmaster.engine import recover
from lockmaster.engine.apply import Applier
from tests.simulation.mutated.registry import mutation

if TYPE_CHECKING:
    import pytest

    from lockmaster.engine.pieces import Pieces


@mutation("once|history", "session")
def writes_the_intent_afterwards(patch: pytest.MonkeyPatch) -> None:
    def mutated(self: Any, prepared: Any, pieces: Pieces, index: int, *, begun: bool, announce: bool) -> None:
        alone = pieces.alone(index)
        evidence = self.session.evidence(alone)
        self.session.run_alone(alone)
        self.session.write(pieces.rows_before(index, evidence, begun=begun))
        self.session.write(pieces.rows_after(index, begun=True), announce=announce)
        del prepared

    patch.setattr(Applier, "_alone", mutated)


@mutation("once|nothing half-made|nothing remains", "session")
def repeats_without_judging(patch: pytest.MonkeyPatch) -> None:
    """An interrupted statement is run again, whatever became of it."""
    patch.setattr(recover, "_judged", lambda *_: 0)


@mutation("history", "session")
def believes_the_intent(patch: pytest.MonkeyPatch) -> None:
    """An interrupted statement is taken for done, whatever became of it."""
    patch.setattr(recover, "_judged", lambda *_: 1)


@mutation("history", "session")
def finishes_without_the_rest(patch: pytest.MonkeyPatch) -> None:
    """An interrupted migration is recorded as applied, although pieces of it are missing."""

    def mutated(applier: Applier, record: Any, prepared: Any, journal: Any, emit: Any) -> None:
        applier.session.write(applier.history.finish(prepared.migration, prepared.checksum))
        del record, journal, emit

    patch.setattr(recover, "_continue", mutated)


@mutation("once|history", "session", "direct")
def starts_pieces_from_the_top(patch: pytest.MonkeyPatch) -> None:
    """An interrupted migration of several pieces is run from its first one."""
    pieces = Applier.pieces

    def mutated(self: Applier, prepared: Any, **options: Any) -> None:
        pieces(self, prepared, **options | {"start": 0})

    patch.setattr(Applier, "pieces", mutated)


@mutation("history|once", "session")
def undoes_too_much(patch: pytest.MonkeyPatch) -> None:
    """A later piece failed, and the record of the earlier ones is taken back."""
    failed: Any = Applier._piece_failed

    def mutated(self: Applier, *args: Any, **options: Any) -> Any:
        return failed(self, *args[:-1], 0, **options)

    patch.setattr(Applier, "_piece_failed", mutated)


@mutation("exit 1|once|history", "file")
def keeps_a_turn_that_has_ended(patch: pytest.MonkeyPatch) -> None:
    """Between two pieces the turn ended and was taken again, and nobody looks who was there in between."""

    def mutated(self: Any, migration: Any, pieces: Pieces) -> None:
        while not self._turn and not self.session.try_turn(self.history):
            self.session.sleep(0.1)
        self._turn = True
        del migration, pieces

    patch.setattr(Applier, "_keep_turn", mutated)
