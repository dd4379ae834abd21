"""Fixtures for the judge: a Prisma project and Lockmaster, on one folder and one database."""

from pathlib import Path

import pytest

from tests.prisma import judge
from tests.prisma.judge import Prisma
from tests.prisma.ours import Lockmaster
from tests.support.database import Database
from tests.support.needs import need


@pytest.fixture(scope="session")
def real_prisma() -> None:
    """Skip, or fail where everything is required, when Prisma cannot be had."""
    reason = judge.missing()
    need(reason is None, reason or "")


@pytest.fixture
def prisma(tmp_path: Path, database: Database, real_prisma: None) -> Prisma:
    """Give a project in an empty folder, on an empty database."""
    return Prisma(tmp_path / "project", database.url)


@pytest.fixture
def lockmaster(prisma: Prisma) -> Lockmaster:
    """Give Lockmaster for the folder and the database of `prisma`."""
    return Lockmaster(prisma.migrations, prisma.url)
