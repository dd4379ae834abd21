"""The server crashes at a point of the protocol (`pg_ctl restart -m immediate`): the same process goes on by itself."""

import time

import pytest

from lockmaster.faults import Fault
from tests.crash import cases
from tests.crash.conftest import MakeWorld
from tests.crash.scenarios import POSTGRES, Scenario
from tests.support.cli import until
from tests.support.postgres import PostgresServer

pytestmark = [pytest.mark.crash]
STRAIGHT = [scenario for scenario in POSTGRES if scenario.way == "straight"]


@pytest.mark.parametrize(("scenario", "fault"), cases.split(STRAIGHT))
def test_a_server_that_crashes_there_is_waited_for(
    make_world: MakeWorld, crashing_server: PostgresServer, scenario: Scenario, fault: Fault
) -> None:
    world = make_world(scenario, server=crashing_server)
    world.interrupt()
    with world.paused(fault) as run:
        crashing_server.restart("immediate")
    world.comes_through(run)


def test_a_server_that_is_away_for_seconds_is_waited_for(
    make_world: MakeWorld, crashing_server: PostgresServer
) -> None:
    world = make_world(STRAIGHT[0], server=crashing_server)
    with world.paused(Fault.MESSAGE_READY) as run:
        crashing_server.stop("immediate")
    try:
        until(lambda: "the connection was lost" in run.text, "it notices")
        time.sleep(2)
        assert run.running, run.text
    finally:
        crashing_server.start()
    assert run.ends() == 0, run.text
    world.is_complete()
