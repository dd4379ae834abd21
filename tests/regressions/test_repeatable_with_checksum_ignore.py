"""With --checksum=ignore (and so by default beside another format's rules) a changed repeatable migration never ran again."""

import pytest

from tests.facts.lab import Lab
from tests.support.database import Database


@pytest.mark.parametrize("policy", ["ignore", "warn", "fail"])
def test_new_content_runs_whatever_the_policy(lab: Lab, database: Database, policy: str) -> None:
    """It is what the file is for."""
    lab.write("1_m", "CREATE TABLE t ();")
    for number in (1, 2):
        lab.write("repeatable/v", f"CREATE OR REPLACE VIEW v AS SELECT {number} AS number;")
        lab.good(f"--checksum={policy}")
        assert database.value("SELECT number FROM v") == number
