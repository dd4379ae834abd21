"""SIGKILL at every point of the protocol: the next run finishes, and each migration is in effect exactly once."""

import pytest

from lockmaster.faults import Fault
from tests.crash import cases
from tests.crash.conftest import MakeWorld
from tests.crash.scenarios import POSTGRES, SQLITE, Scenario
from tests.crash.world import STEPS_AT_MOST

pytestmark = [pytest.mark.crash]
STRAIGHT = [scenario for scenario in POSTGRES if scenario.way == "straight"]
POOLED = [scenario for scenario in POSTGRES if scenario.way != "straight"]


def killed_once(make_world: MakeWorld, scenario: Scenario, fault: Fault) -> None:
    world = make_world(scenario)
    world.interrupt()
    assert world.killed(fault), f"{scenario} does not meet {fault.value} any more: is the table of scenarios.py right?"
    world.finishes()


@pytest.mark.every_server
@pytest.mark.usefixtures("server_source")
@pytest.mark.parametrize(("scenario", "fault"), cases.split(STRAIGHT))
def test_killed_on_postgres_the_next_run_finishes(make_world: MakeWorld, scenario: Scenario, fault: Fault) -> None:
    killed_once(make_world, scenario, fault)


@pytest.mark.usefixtures("server_source")
@pytest.mark.parametrize(("scenario", "fault"), cases.split(POOLED))
def test_killed_behind_a_pooler_the_next_run_finishes(make_world: MakeWorld, scenario: Scenario, fault: Fault) -> None:
    killed_once(make_world, scenario, fault)


@pytest.mark.parametrize(("scenario", "fault"), cases.split(SQLITE))
def test_killed_on_sqlite_the_next_run_finishes(make_world: MakeWorld, scenario: Scenario, fault: Fault) -> None:
    killed_once(make_world, scenario, fault)


def killed_each_time(make_world: MakeWorld, scenario: Scenario, fault: Fault) -> None:
    """The point is met many times in one run; each of them is another place to die at."""
    for nth in range(2, STEPS_AT_MOST):
        world = make_world(scenario)
        world.interrupt()
        killed = world.killed(fault, nth)
        world.finishes()
        if not killed:
            return
    pytest.fail(f"it came to {fault.value} more than {STEPS_AT_MOST} times")


@pytest.mark.slow
@pytest.mark.usefixtures("server_source")
@pytest.mark.parametrize(("scenario", "fault"), cases.params(cases.every(POSTGRES)))
def test_killed_at_every_later_time_on_postgres(make_world: MakeWorld, scenario: Scenario, fault: Fault) -> None:
    killed_each_time(make_world, scenario, fault)


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "fault"), cases.params(cases.every(SQLITE)))
def test_killed_at_every_later_time_on_sqlite(make_world: MakeWorld, scenario: Scenario, fault: Fault) -> None:
    killed_each_time(make_world, scenario, fault)


def killed_again_and_again(make_world: MakeWorld, scenario: Scenario) -> None:
    """Each new run dies at the next point; nothing is lost in between, and nothing is done twice."""
    world = make_world(scenario)
    world.interrupt()
    for fault in Fault:
        world.killed(fault)
    world.finishes()


@pytest.mark.usefixtures("server_source")
@pytest.mark.parametrize("scenario", POSTGRES, ids=str)
def test_killed_again_and_again_on_postgres(make_world: MakeWorld, scenario: Scenario) -> None:
    killed_again_and_again(make_world, scenario)


@pytest.mark.parametrize("scenario", SQLITE, ids=str)
def test_killed_again_and_again_on_sqlite(make_world: MakeWorld, scenario: Scenario) -> None:
    killed_again_and_again(make_world, scenario)
