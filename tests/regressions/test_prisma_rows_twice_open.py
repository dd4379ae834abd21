"""Prisma without its lock can leave two open rows of one migration: the run was "ready", and each later one failed."""

import pytest

from tests.facts.lab import Lab
from tests.support.database import Database

SECOND = "20240102_b"


def _two_open_rows(lab: Lab, database: Database, steps: int) -> None:
    lab.write_prisma("20240101_a", "CREATE TABLE a ();")
    lab.good()
    lab.write_prisma(SECOND, "CREATE TABLE b ();")
    for ident in ("one", "two"):
        database.execute(
            "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, applied_steps_count)"
            f" VALUES ('{ident}', 'x', '{SECOND}', now(), {steps})"
        )


@pytest.mark.parametrize("steps", [0, 1])
@pytest.mark.parametrize("word", ["applied", "rolled-back"])
def test_two_open_rows_are_a_persons_matter(lab: Lab, database: Database, steps: int, word: str) -> None:
    """Both rows are settled by one word."""
    _two_open_rows(lab, database, steps)
    ended = lab.run()
    assert ended.status == 13
    assert f"lockmaster resolve --{word} {SECOND}" in ended.err
    lab.good(f"--{word}", SECOND, command="resolve")
    assert "ready" in lab.good().err
    assert database.value("SELECT to_regclass('b') IS NOT NULL") is (word == "rolled-back")
