"""DISCARD ALL drops the turn; when somebody else took it then, the run said "ready" with half of the work undone."""

import psycopg2

from tests.facts.lab import Lab
from tests.support.database import Database

KEY = 8797427540306348812  # of public.lockmaster_history


def test_somebody_else_takes_the_turn_after_discard_all(lab: Lab, database: Database) -> None:
    """The run waits for its turn again, reads, and does the rest."""
    lab.write("1_a", "CREATE TABLE a ();\nDISCARD ALL;\nCREATE TABLE b ();")
    lab.write("2_c", "CREATE TABLE c ();")
    pause = lab.pause()
    run = lab.start(fault=pause.at("alone-answered"))
    pause.wait()
    other = psycopg2.connect(database.url)
    other.autocommit = True
    with other.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({KEY})")
        assert cursor.fetchone() == (True,)
    pause.let_go()
    while "has the turn" not in run.err:
        assert run.running(), run.end().text
    other.close()
    assert run.end().status == 0
    made = database.rows("SELECT relname FROM pg_class WHERE relname IN ('a', 'b', 'c') ORDER BY 1")
    assert made == [("a",), ("b",), ("c",)]
