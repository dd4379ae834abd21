"""Fixtures: `lab` on a fresh PostgreSQL database, `lite` on a SQLite file that is not there yet."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.facts.lab import Lab, laboratory
from tests.support.database import Database


@pytest.fixture
def lab(tmp_path: Path, database: Database) -> Iterator[Lab]:
    with laboratory(tmp_path, database.url) as found:
        yield found


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Lab]:
    with laboratory(tmp_path, f"sqlite:{tmp_path}/app.db") as found:
        yield found
