"""Fixtures: `lab` on PostgreSQL with a secret password, `lite` on SQLite, `either` on each of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.badinput.expecting import SECRET
from tests.facts.lab import Lab, laboratory
from tests.support.database import Database
from tests.support.postgres import Server


@pytest.fixture
def owner(database: Database, postgres: Server) -> Iterator[str]:
    """Give the role that owns the database, with a secret password."""
    name, _ = postgres.create_role()
    postgres.execute(f"ALTER ROLE \"{name}\" PASSWORD '{SECRET}'")
    postgres.execute(f'ALTER DATABASE "{database.name}" OWNER TO "{name}"')
    database.execute(f'ALTER SCHEMA public OWNER TO "{name}"')
    yield name
    database.drop()
    postgres.execute(f'DROP ROLE "{name}"')


@pytest.fixture
def lab(tmp_path: Path, database: Database, owner: str) -> Iterator[Lab]:
    with laboratory(tmp_path, database.url_for(owner, SECRET)) as found:
        yield found


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Lab]:
    with laboratory(tmp_path, f"sqlite:{tmp_path}/app.db") as found:
        yield found


@pytest.fixture(params=["postgres", "sqlite"])
def either(request: pytest.FixtureRequest, lab: Lab, lite: Lab) -> Lab:
    """Give both, one after the other; they share a folder."""
    return lab if request.param == "postgres" else lite
