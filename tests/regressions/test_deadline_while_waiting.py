"""The deadline came inside a question to the database while another replica had the turn: "not reachable", exit 10."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lockmaster.errors import Exit
from tests.badinput.expecting import check_text
from tests.facts.lab import Lab, Run, until
from tests.support.database import Database
from tests.support.postgres import PostgresServer
from tests.support.proxy import Proxy

KEY = 8797427540306348812  # of public.lockmaster_history
TURN = r"waiting for the turn"


@contextmanager
def held(database: Database) -> Iterator[None]:
    """Another replica works; it shows itself as `other`."""
    with database.connect() as holder, holder.cursor() as cursor:
        cursor.execute(f"SET application_name = 'lockmaster/other'; SELECT pg_advisory_lock({KEY})")
        yield


@pytest.fixture
def waiting(lab: Lab) -> Lab:
    lab.write("1_m", "CREATE TABLE t ();")
    lab.good()
    lab.write("2_m", "CREATE TABLE u ();")
    return lab


@pytest.mark.parametrize("silence", ["freeze", "delay"])
def test_an_answer_that_does_not_come(
    waiting: Lab, database: Database, postgres: PostgresServer, make_proxy: Callable[..., Proxy], silence: str
) -> None:
    """The other one had the turn when the database was last heard of; the cancel is not answered either."""
    proxy = make_proxy(postgres)
    with held(database):
        run = waiting.start("--deadline=4s", url=proxy.url(waiting.url))
        until_told(run)
        proxy.freeze() if silence == "freeze" else proxy.delay(3.0, "server")
        ended = run.end()
    text = check_text(ended, Exit.NO_TURN)
    assert "no turn within 4s: lockmaster/other" in text
    assert "hint: " in text
    assert "--deadline waits longer" in text


def test_a_read_that_a_table_lock_holds_up(waiting: Lab, database: Database) -> None:
    """The server is there and answers the cancel."""
    with held(database), database.connect() as locker, locker.cursor() as cursor:
        run = waiting.start("--deadline=4s")
        until_told(run)
        cursor.execute("BEGIN; LOCK TABLE lockmaster_history")
        ended = run.end()
    assert "no turn within 4s: lockmaster/other" in check_text(ended, Exit.NO_TURN)


def test_a_lost_connection_before_the_deadline_is_what_it_is(
    waiting: Lab, database: Database, postgres: PostgresServer, make_proxy: Callable[..., Proxy]
) -> None:
    """Nobody was asked any more when the deadline came: the database was not reachable."""
    proxy = make_proxy(postgres)
    with held(database):
        run = waiting.start("--deadline=4s", url=proxy.url(waiting.url))
        until_told(run)
        proxy.cut()
        ended = run.end()
    check_text(ended, Exit.UNREACHABLE)


def until_told(run: Run) -> None:
    """Wait until it waits for the turn, with the other's name."""
    until(lambda: TURN in run.err, "it waits for the turn")
