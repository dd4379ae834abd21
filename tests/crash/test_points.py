"""The table of points that are not met is true, and no point goes untested."""

import pytest

from lockmaster.faults import Fault
from tests.crash import cases
from tests.crash.conftest import MakeWorld
from tests.crash.scenarios import NOWHERE, POSTGRES, SQLITE, Kind, Scenario

pytestmark = [pytest.mark.crash]


@pytest.mark.parametrize("kind", ["postgres", "sqlite"])
def test_every_point_is_met_on_every_database(kind: Kind) -> None:
    scenarios = [scenario for scenario in [*POSTGRES, *SQLITE] if scenario.kind == kind]
    met = {fault for scenario in scenarios for fault in scenario.met}
    untested = set(Fault) - met
    assert untested == set(NOWHERE[kind]), "a new point needs a scenario that meets it (tests/crash/scenarios.py)"


@pytest.mark.parametrize("scenarios", [POSTGRES, SQLITE], ids=["postgres", "sqlite"])
def test_ci_meets_what_the_full_suite_meets(scenarios: tuple[Scenario, ...]) -> None:
    chosen = {fault for _, fault in cases.each_point_once(scenarios)}
    assert chosen == {fault for _, fault in cases.every(scenarios)}


def not_met_at_all(make_world: MakeWorld, scenario: Scenario) -> None:
    """All of them armed at once, and the run survives."""
    world = make_world(scenario)
    world.interrupt()
    status, text = world.program.finish(",".join(f"{fault.value}=kill" for fault in scenario.unmet))
    assert status == 0, f"{scenario} meets a point that its table says it does not: {text}"
    world.is_complete()


@pytest.mark.usefixtures("server_source")
@pytest.mark.parametrize("scenario", POSTGRES, ids=str)
def test_what_is_not_met_on_postgres_is_not_met(make_world: MakeWorld, scenario: Scenario) -> None:
    not_met_at_all(make_world, scenario)


@pytest.mark.parametrize("scenario", SQLITE, ids=str)
def test_what_is_not_met_on_sqlite_is_not_met(make_world: MakeWorld, scenario: Scenario) -> None:
    not_met_at_all(make_world, scenario)
