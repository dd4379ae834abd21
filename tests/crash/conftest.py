"""Worlds: a scenario's folder on a fresh database, with the program that migrates it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.crash.program import Program
from tests.crash.scenarios import Scenario
from tests.crash.truth import in_postgres, in_sqlite
from tests.crash.world import World
from tests.support.database import Database
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres import PostgresServer, Server, start_server

MakeWorld = Callable[..., World]


@pytest.fixture(scope="session")
def pooler(postgres: Server) -> Iterator[PgBouncer]:
    """PgBouncer in transaction mode, in front of the server of the session."""
    assert isinstance(postgres, PostgresServer)
    with PgBouncer(postgres) as one:
        yield one


@pytest.fixture(scope="session")
def crashing_server(server_source: str) -> Iterator[PostgresServer]:
    """A server that tests of this suite may stop and start."""
    server = start_server(server_source, max_connections=50)
    yield server
    server.destroy()


@pytest.fixture
def make_world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MakeWorld]:
    """Make the world of a scenario: make_world(scenario), make_world(scenario, server=..., through=...).

    `through` turns the server's URL into the one that the program gets, by default the scenario's own way; `prefix` is
    put before the command (ip netns exec NAME).
    """
    with ExitStack() as stack:

        def make(
            scenario: Scenario,
            *,
            server: Server | None = None,
            database: Database | None = None,
            through: Callable[[str], str] | None = None,
            prefix: Sequence[str] = (),
        ) -> World:
            place = tmp_path / f"world-{len(list(tmp_path.iterdir()))}"
            place.mkdir()
            if scenario.kind == "sqlite":
                world = _on_sqlite(scenario, place)
            else:
                if database is None:
                    database = Database(server or request.getfixturevalue("postgres"))
                    stack.callback(database.drop)
                url = through(database.url) if through else database.url
                if through is None and scenario.way != "straight":
                    url = request.getfixturevalue("pooler").url(database.name)
                world = _on_postgres(scenario, place, database, url, prefix)
            stack.callback(world.program.close)
            return world

        yield make


def _on_postgres(scenario: Scenario, place: Path, database: Database, url: str, prefix: Sequence[str] = ()) -> World:
    folder = scenario.folder.write(place / "migrations", "postgresql")
    program = Program(folder, url, direct=database.url if scenario.way == "direct" else "", prefix=prefix)
    pooled = scenario.way != "straight"
    return World(scenario, program, partial(in_postgres, database, scenario.folder, pooled=pooled), place, database)


def _on_sqlite(scenario: Scenario, place: Path) -> World:
    folder = scenario.folder.write(place / "migrations", "sqlite")
    file = place / "app.db"
    return World(scenario, Program(folder, f"sqlite:///{file}"), partial(in_sqlite, file, scenario.folder), place)
