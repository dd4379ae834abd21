"""kill -9 of the one that has the turn: its session on the server ends in seconds, and the next run has the turn."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from lockmaster.faults import Fault
from tests.crash.conftest import MakeWorld
from tests.crash.program import Run, is_stopped
from tests.support.cli import until
from tests.crash.scenarios import AWAKE, CONCURRENTLY, SLEEPER, SLEEPER_POOLED, Scenario
from tests.crash.sessions import in_a_long_statement, is_at_rest
from tests.crash.world import World
from tests.support.netns import TwoMachines
from tests.support.postgres import start_server

pytestmark = [pytest.mark.crash, pytest.mark.usefixtures("server_source")]
GONE = 6.0  # client_connection_check_interval is one second
UNPLUGGED = 25.0  # keepalives: 5 s idle, then 3 probes 2 s apart; tcp_user_timeout is 10 s
LOCKED = "ALTER TABLE item ADD COLUMN late int;"


@contextmanager
def at_work(world: World) -> Iterator[Run]:
    """A run that is in a long statement."""
    with world.session() as cursor:
        run = world.program.start()
        until(lambda: in_a_long_statement(cursor), "it works")
        yield run
        until(lambda: is_at_rest(cursor), "its session on the server is gone", GONE)


@pytest.mark.every_server
@pytest.mark.parametrize("scenario", [SLEEPER, SLEEPER_POOLED], ids=str)
def test_killed_in_a_statement_its_session_is_gone_in_seconds(make_world: MakeWorld, scenario: Scenario) -> None:
    world = make_world(scenario)
    with at_work(world) as run:
        run.kill9()
    world.database.execute(AWAKE)
    world.finishes()


def test_killed_in_create_index_concurrently_its_session_is_gone_in_seconds(make_world: MakeWorld) -> None:
    world = make_world(CONCURRENTLY)
    with ExitStack() as stack:
        with world.paused(Fault.INTENT) as run:
            old = stack.enter_context(world.session())
            old.execute("BEGIN; UPDATE item SET a = a WHERE id = 1")
        cursor = stack.enter_context(world.session())
        until(lambda: in_a_long_statement(cursor), "it waits for the old transaction")
        run.kill9()
        until(lambda: is_at_rest(cursor), "its session on the server is gone", GONE)
    world.finishes()


def test_killed_while_it_waits_for_a_table_its_session_is_gone_in_seconds(make_world: MakeWorld) -> None:
    world = make_world(CONCURRENTLY)
    assert world.program.finish()[0] == 0
    (world.home / "migrations" / "9001_late.sql").write_text(LOCKED)
    with world.session() as app, world.session() as cursor:
        app.execute("BEGIN; LOCK TABLE item IN ACCESS SHARE MODE")
        run = world.program.start("", "--ddl-lock-timeout=60s")
        until(lambda: in_a_long_statement(cursor), "it waits for the table")
        run.kill9()
        until(lambda: is_at_rest(cursor), "its session on the server is gone", GONE)
    status, text = world.program.finish()
    assert status == 0, text


def test_a_run_that_waits_gets_the_turn_of_the_killed_one(make_world: MakeWorld) -> None:
    world = make_world(SLEEPER)
    with at_work(world) as run:
        waiting = world.program.start()
        until(lambda: "turn" in waiting.text, "the second one waits")
        world.database.execute(AWAKE)
        run.kill9()
        assert waiting.ends(20) == 0, waiting.text
    world.is_complete()


@pytest.mark.netns
@pytest.mark.parametrize("scenario", [SLEEPER, CONCURRENTLY], ids=str)
def test_an_unplugged_one_loses_its_session_in_seconds(
    make_world: MakeWorld, netns: TwoMachines, server_source: str, scenario: Scenario
) -> None:
    server = start_server(server_source, listen=netns.server.address, prefix=netns.server.prefix)
    try:
        there = make_world(scenario, server=server, prefix=netns.client.prefix)
        here = make_world(scenario, server=server, database=there.database, prefix=netns.server.prefix)
        with there.session() as cursor, there.session() as old:
            if scenario is CONCURRENTLY:
                with there.paused(Fault.INTENT) as run:
                    old.execute("BEGIN; UPDATE item SET a = a WHERE id = 1")
            else:
                run = there.program.start()
            until(lambda: in_a_long_statement(cursor), "it works")
            netns.link_down()
            run.kill9()
            until(lambda: is_at_rest(cursor), "its session on the server is gone", UNPLUGGED)
        there.database.execute(AWAKE)
        here.finishes()
    finally:
        server.destroy()


@pytest.mark.netns
def test_an_unplugged_one_that_lives_stops_on_sigterm(
    make_world: MakeWorld, netns: TwoMachines, server_source: str
) -> None:
    server = start_server(server_source, listen=netns.server.address, prefix=netns.server.prefix)
    try:
        there = make_world(SLEEPER, server=server, prefix=netns.client.prefix)
        with there.session() as cursor:
            run = there.program.start()
            until(lambda: in_a_long_statement(cursor), "it works")
            netns.link_down()
            is_stopped(run)
            until(lambda: is_at_rest(cursor), "its session on the server is gone", UNPLUGGED)
    finally:
        server.destroy()


@pytest.mark.netns
def test_an_unplugged_one_that_is_plugged_in_again_comes_to_its_end(
    make_world: MakeWorld, netns: TwoMachines, server_source: str
) -> None:
    server = start_server(server_source, listen=netns.server.address, prefix=netns.server.prefix)
    try:
        there = make_world(SLEEPER, server=server, prefix=netns.client.prefix)
        with there.session() as cursor:
            run = there.program.start()
            until(lambda: in_a_long_statement(cursor), "it works")
            netns.link_down()
            until(lambda: is_at_rest(cursor), "its session on the server is gone", UNPLUGGED)
            there.database.execute(AWAKE)
        netns.link_up()
        there.comes_through(run)
    finally:
        server.destroy()
