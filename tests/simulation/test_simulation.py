"""The engine as it is keeps the laws, whatever hypothesis does to it."""

import faulthandler
import os

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.known import KNOWN
from tests.simulation.machine import MODES, machine, profile, setups

EXAMPLES = int(os.environ.get("LOCKMASTER_SIMULATION", "300"))
LONG = int(os.environ.get("LOCKMASTER_SIMULATION_LONG", "5000"))
STEPS = 30


@pytest.mark.parametrize("mode", MODES)
def test_the_laws_hold(mode: str) -> None:
    run_state_machine_as_test(machine(setups((mode,), KNOWN), KNOWN), settings=profile(EXAMPLES, STEPS))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mode", MODES)
def test_the_laws_hold_for_long(mode: str) -> None:
    faulthandler.cancel_dump_traceback_later()  # of pyproject.toml: it would end the whole process after five minutes
    run_state_machine_as_test(machine(setups((mode,), KNOWN), KNOWN), settings=profile(LONG, 2 * STEPS))
