"""A statement that could not reach another server (dblink, a foreign table, a publisher) was taken for our own loss."""

from tests.facts.lab import Lab
from tests.support.database import Database


def test_the_error_is_the_statements_and_has_its_line(lab: Lab, database: Database) -> None:
    """SQLSTATE 08xxx: it was tried three times, and reported as a database that goes away (exit 10)."""
    lab.write("1_m", "CREATE TABLE t (a int);\nDO $$ BEGIN RAISE 'no route' USING ERRCODE = '08001'; END $$;")
    ended = lab.run()
    assert ended.status == 12, ended.text
    assert "no route" in ended.err
    assert "08001" in ended.err
    assert "line 2" in ended.err
    assert "the connection was lost" not in ended.err
    assert database.value("SELECT to_regclass('t')") is None


def test_a_publisher_that_cannot_be_reached_is_named(lab: Lab, database: Database) -> None:
    """CREATE SUBSCRIPTION stands alone, and its journal is taken back."""
    lab.write("1_m", "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=1 password=x' PUBLICATION p;")
    ended = lab.run()
    assert ended.status == 12, ended.text
    assert "could not connect to the publisher" in ended.err
    assert database.value("SELECT count(*) FROM lockmaster_history") == 0
