"""A journal that somebody edited, or that was cut short, ended migrate and status with a traceback."""

import pytest

from tests.facts.lab import Lab
from tests.support.database import Database


@pytest.mark.parametrize(
    "journal", ['{"lockmaster": 1, "done": 1, "tot', '{"lockmaster": 2}', '{"lockmaster": [}', "", "\n"]
)
def test_it_is_no_journal(lab: Lab, database: Database, journal: str) -> None:
    """A person has to look."""
    lab.write("1_m", "CREATE TABLE t ();")
    lab.good()
    database.execute(f"UPDATE lockmaster_history SET applied_at = NULL, journal = '{journal}'")
    ended = lab.run()
    assert ended.status == 13
    assert "resolve --applied 1_m" in ended.err
    assert "open" in lab.good(command="status").out
