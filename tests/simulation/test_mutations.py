"""The simulation can fail: it catches each of these defects, with the same machine and in the same kind of worlds."""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.known import KNOWN
from tests.simulation.laws import LawError
from tests.simulation.machine import machine, profile, setups
from tests.simulation.mutated import MUTATIONS, Mutation
from tests.simulation.test_simulation import STEPS

BUDGET = 1_000  # examples; most are caught within the first twenty


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutated_engine_is_caught(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    mutation.patch(monkeypatch)
    worlds = setups(mutation.modes, KNOWN, created=True)
    mutated = machine(worlds, KNOWN, only=mutation.breaks)
    with pytest.raises(LawError):
        run_state_machine_as_test(mutated, settings=profile(BUDGET, STEPS, shrink=False))
