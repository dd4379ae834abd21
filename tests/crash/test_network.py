"""The network is cut at a point of the protocol, and while bytes are under way: neither a failure nor a success."""

from collections.abc import Iterator

import pytest

from lockmaster.faults import Fault
from tests.crash import cases
from tests.crash.conftest import MakeWorld
from tests.crash.scenarios import POSTGRES, Scenario
from tests.support.cli import until
from tests.support.postgres import PostgresServer
from tests.support.proxy import Proxy

pytestmark = [pytest.mark.crash]
STRAIGHT = [scenario for scenario in POSTGRES if scenario.way == "straight"]
# what is sent, and what comes back
COMMIT = rb"COMMIT"
INDEX, INDEX_DONE = rb"Q....CREATE INDEX CONCURRENTLY", rb"C....CREATE INDEX\x00"


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[Proxy]:
    with Proxy(postgres.host, postgres.port) as one:
        yield one


@pytest.mark.parametrize(("scenario", "fault"), cases.split(STRAIGHT))
def test_a_network_that_is_cut_there_is_waited_for(
    make_world: MakeWorld, proxy: Proxy, scenario: Scenario, fault: Fault
) -> None:
    world = make_world(scenario, through=proxy.url)
    world.interrupt()
    with world.paused(fault) as run:
        proxy.cut()
    proxy.restore()
    world.comes_through(run)


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("scenario", [STRAIGHT[0], STRAIGHT[1], STRAIGHT[3]], ids=str)
def test_a_commit_whose_answer_is_lost_is_not_repeated(
    make_world: MakeWorld, proxy: Proxy, scenario: Scenario, when: str, nth: int
) -> None:
    world = make_world(scenario, through=proxy.url)
    hook = proxy.on_bytes(COMMIT, "cut", when="before" if when == "before" else "after", nth=nth)
    run = world.program.start()
    until(hook.fired.is_set, "a COMMIT on the wire")
    proxy.restore()
    world.comes_through(run)


@pytest.mark.parametrize("answer", [False, True], ids=["sent", "answered"])
def test_an_index_whose_answer_is_lost_is_built_once(make_world: MakeWorld, proxy: Proxy, *, answer: bool) -> None:
    world = make_world(STRAIGHT[3], through=proxy.url)
    hook = proxy.on_bytes(INDEX_DONE, "cut", side="server") if answer else proxy.on_bytes(INDEX, "cut", when="after")
    run = world.program.start()
    until(hook.fired.is_set, "an index under way")
    proxy.restore()
    world.comes_through(run)
