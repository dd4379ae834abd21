"""SIGTERM at every place where it may wait on a SQLite file."""

import sqlite3
from pathlib import Path

import pytest

from lockmaster.errors import Exit
from lockmaster.faults import Fault
from tests.crash.conftest import MakeWorld
from tests.crash.program import is_stopped
from tests.crash.scenarios import LITE_BATCH, LITE_SLEEPER
from tests.support.cli import until

pytestmark = [pytest.mark.crash]


def session(home: Path) -> sqlite3.Connection:
    return sqlite3.connect(home / "app.db", isolation_level=None, timeout=10)


def test_while_somebody_else_writes(make_world: MakeWorld) -> None:
    world = make_world(LITE_BATCH)
    other = session(world.home)
    other.execute("BEGIN IMMEDIATE")
    run = world.program.start()
    until(lambda: "turn" in run.text, "it waits for the turn")
    is_stopped(run)
    other.execute("ROLLBACK")
    other.close()
    world.finishes()


def test_while_somebody_else_holds_the_whole_file(make_world: MakeWorld) -> None:
    world = make_world(LITE_BATCH)
    other = session(world.home)
    other.execute("CREATE TABLE lockmaster_seen (id int)")
    other.execute("DROP TABLE lockmaster_seen")
    other.execute("BEGIN EXCLUSIVE")
    run = world.program.start()
    until(lambda: "locked" in run.text, "it waits for the file")
    is_stopped(run)
    other.execute("ROLLBACK")
    other.close()
    world.finishes()


def test_in_a_long_statement(make_world: MakeWorld) -> None:
    world = make_world(LITE_SLEEPER)
    run = world.program.start()
    until(lambda: "applied 0002" in run.text, "it comes to the long statement")
    is_stopped(run)
    other = session(world.home)
    assert other.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sleeper'").fetchone() == (0,)
    other.execute("UPDATE item_long SET long = 10")
    other.close()
    world.finishes()


def test_while_its_commit_waits_for_a_reader(make_world: MakeWorld) -> None:
    world = make_world(LITE_BATCH)
    with world.paused(Fault.MESSAGE_READY) as run:
        reader = session(world.home)
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM lockmaster_history").fetchone() == (0,)
        run.terminate()
    assert run.ends(5) == Exit.STOPPED, run.text
    assert reader.execute("SELECT count(*) FROM lockmaster_history").fetchone() == (0,)
    reader.execute("COMMIT")
    reader.close()
    world.finishes()


@pytest.mark.parametrize("fault", [Fault.HISTORY_CREATED, Fault.STATEMENT, Fault.RECORDED, Fault.MESSAGE_ANSWERED])
def test_between_two_steps(make_world: MakeWorld, fault: Fault) -> None:
    world = make_world(LITE_BATCH)
    with world.paused(fault) as run:
        run.terminate()
    assert run.ends(20) == Exit.STOPPED, run.text
    world.finishes()
