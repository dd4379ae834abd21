"""The client's cable is pulled: two network namespaces, and nobody is told (PROTOCOL-FACTS C1)."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class

from lockmaster.faults import Fault
from tests.crash.conftest import MakeWorld
from tests.crash.program import is_stopped
from tests.crash.scenarios import AWAKE, CONCURRENTLY, SLEEPER, Scenario
from tests.crash.sessions import in_a_long_statement, is_at_rest
from tests.support.cli import until
from tests.support.netns import TwoMachines
from tests.support.postgres import PostgresServer

pytestmark = [pytest.mark.crash, pytest.mark.netns]
GONE = 25.0  # keepalives: 5 s idle, then 3 probes 2 s apart; tcp_user_timeout is 10 s


class FarServer(PostgresServer):
    """A server on the other machine: the test itself reaches it by its Unix socket only."""

    @contextmanager
    def connect(self, dbname: str = "postgres") -> Iterator[Connection]:
        connection = psycopg2.connect(self.socket_url(dbname), application_name="test")
        try:
            connection.autocommit = True
            yield connection
        finally:
            connection.close()


@pytest.fixture
def far_server(netns: TwoMachines, server_source: str) -> Iterator[FarServer]:
    server = FarServer(server_source, listen=netns.server.address, prefix=netns.server.prefix)
    server.start()
    yield server
    server.destroy()


@pytest.mark.parametrize("scenario", [SLEEPER, CONCURRENTLY], ids=str)
def test_killed_and_unplugged_its_session_is_gone_in_seconds(
    far_server: FarServer, make_world: MakeWorld, netns: TwoMachines, scenario: Scenario
) -> None:
    there = make_world(scenario, server=far_server, prefix=netns.client.prefix)
    here = make_world(scenario, database=there.database, prefix=netns.server.prefix)
    with there.session() as cursor, there.session() as old:
        if scenario is CONCURRENTLY:
            with there.paused(Fault.INTENT) as run:
                old.execute("BEGIN; UPDATE item SET a = a WHERE id = 1")
        else:
            run = there.program.start()
        until(lambda: in_a_long_statement(cursor), "it works")
        netns.link_down()
        run.kill9()
        there.database.end_orphan()
        until(lambda: is_at_rest(cursor), "its session on the server is gone", GONE)
    there.database.execute(AWAKE)
    here.finishes()


def test_unplugged_and_alive_it_stops_on_sigterm(
    far_server: FarServer, make_world: MakeWorld, netns: TwoMachines
) -> None:
    there = make_world(SLEEPER, server=far_server, prefix=netns.client.prefix)
    with there.session() as cursor:
        run = there.program.start()
        until(lambda: in_a_long_statement(cursor), "it works")
        netns.link_down()
        is_stopped(run)
        there.database.end_orphan()
        until(lambda: is_at_rest(cursor), "its session on the server is gone", GONE)


def test_plugged_in_again_it_comes_to_its_end(far_server: FarServer, make_world: MakeWorld, netns: TwoMachines) -> None:
    there = make_world(SLEEPER, server=far_server, prefix=netns.client.prefix)
    with there.session() as cursor:
        run = there.program.start()
        until(lambda: in_a_long_statement(cursor), "it works")
        netns.link_down()
        there.database.end_orphan()
        until(lambda: is_at_rest(cursor), "its session on the server is gone", GONE)
        there.database.execute(AWAKE)
    netns.link_up()
    there.comes_through(run)
