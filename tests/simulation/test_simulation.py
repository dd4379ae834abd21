"""The engine as it is keeps the laws, whatever hypothesis does to it."""

import faulthandler
import os

import pytest
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.known import KNOWN
from tests.simulation.machine import MODES, machine, profile, setups

EXAMPLES = int(os.environ.get("LOCKMASTER_SIMULATION", "300"))
LONG = int(os.environ.get("LOCKMASTER_SIMULATION_LONG", "5000"))
SEED = os.environ.get("LOCKMASTER_SIMULATION_SEED")  # else the long ones are the same in every run
STEPS = 30


@pytest.mark.parametrize("mode", MODES)
def test_the_laws_hold(mode: str) -> None:
    run_state_machine_as_test(machine(setups((mode,), KNOWN), KNOWN), settings=profile(EXAMPLES, STEPS))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mode", MODES)
def test_the_laws_hold_for_long(mode: str) -> None:
    faulthandler.cancel_dump_traceback_later()  # of pyproject.toml: it would end the whole process after five minutes
    worlds = machine(setups((mode,), KNOWN), KNOWN)
    if SEED is not None:
        worlds = seed(int(SEED))(worlds)
    run_state_machine_as_test(worlds, settings=profile(LONG, 2 * STEPS, derandomize=SEED is None))
