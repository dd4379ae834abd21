"""A pod of the old image that started again during a roll-out put its old view back over that of the new image."""

from tests.facts.lab import Lab
from tests.support.database import Database


def test_a_repeatable_migration_of_a_newer_image_stays(lab: Lab, database: Database) -> None:
    lab.write("1_t", "CREATE TABLE t (a integer);")
    view = lab.write("repeatable/v", "CREATE OR REPLACE VIEW v AS SELECT 1 AS number;")
    lab.good()
    newer = lab.write("2_t", "ALTER TABLE t ADD b integer;")
    view.write_text("CREATE OR REPLACE VIEW v AS SELECT 2 AS number;")
    lab.good()
    newer.unlink()
    view.write_text("CREATE OR REPLACE VIEW v AS SELECT 1 AS number;")
    old = lab.good()
    assert database.value("SELECT number FROM v") == 2
    assert "left with other content than this image has: repeatable/v" in old.err
    lab.good(command="gate")


def test_it_counts_once(lab: Lab) -> None:
    """Of three, the one that ran again was number 4 of 4."""
    lab.write("1_t", "CREATE TABLE t (a integer);")
    for number in (1, 2):
        lab.write("repeatable/v", f"CREATE OR REPLACE VIEW v AS SELECT {number} AS number;")
        ended = lab.good()
    assert "applied repeatable/v in" in ended.err
    assert "(2/2)" in ended.err
