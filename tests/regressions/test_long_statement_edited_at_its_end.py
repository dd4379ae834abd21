"""An index of which only the end of a long statement was edited was taken for the one that had been built.

The journal held the first 200 letters of the statement, which are for people, and nothing else was compared.
"""

from tests.facts.lab import Lab
from tests.support.database import Database

LONG = f"CREATE INDEX CONCURRENTLY i ON t (a) WHERE a NOT IN ({', '.join(str(n) for n in range(100))}) AND a <> 1000;"


def test_it_is_not_recorded_as_applied(lab: Lab, database: Database) -> None:
    lab.write("1_t", "CREATE TABLE t (a int);")
    lab.write("2_i", LONG)
    assert lab.run(fault="alone-answered=kill").status == -9
    lab.write("2_i", LONG.replace("<> 1000", "<> 2000"))
    ended = lab.run()
    assert ended.status == 13, ended.text
    assert "interrupted in a statement that was edited since" in ended.err
    assert database.value("SELECT count(*) FROM lockmaster_history WHERE applied_at IS NULL") == 1
    lab.write("2_i", LONG)
    lab.good()
    assert database.value("SELECT indexdef ~ '1000' FROM pg_indexes WHERE indexname = 'i'")
