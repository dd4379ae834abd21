"""kill -9 of the one that has the turn: its session on the server ends in seconds, and the next run has the turn.

A server before 14 does not notice, and a person ends the session (`end_orphan`); what becomes of work that nobody ends,
tests/facts has (A6, C7).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from lockmaster.faults import Fault
from tests.crash.conftest import MakeWorld
from tests.crash.program import Run
from tests.crash.scenarios import AWAKE, CONCURRENTLY, SLEEPER, SLEEPER_POOLED, Scenario
from tests.crash.sessions import in_a_long_statement, is_at_rest
from tests.crash.world import World
from tests.support.cli import until

pytestmark = [pytest.mark.crash, pytest.mark.usefixtures("server_source")]
GONE = 6.0  # client_connection_check_interval is one second
LOCKED = "ALTER TABLE item ADD COLUMN late int;"


@contextmanager
def at_work(world: World) -> Iterator[Run]:
    """A run that is in a long statement."""
    with world.session() as cursor:
        run = world.program.start()
        until(lambda: in_a_long_statement(cursor), "it works")
        yield run
        world.database.end_orphan()
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
        world.database.end_orphan()
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
        world.database.end_orphan()
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
        world.database.end_orphan()
        assert waiting.ends(20) == 0, waiting.text
    world.is_complete()
