"""Who waits in a herd looks seldom, because the holder tells everybody; a holder of another make tells nobody."""

import select

import psycopg2

from tests.facts.lab import Lab
from tests.support.database import Database

KEY = 8797427540306348812  # of public.lockmaster_history


def test_who_sees_the_end_tells_the_others(lab: Lab, database: Database) -> None:
    """A person applies by hand under the lock, and lets go of it without a word."""
    lab.write("1_a", "CREATE TABLE a ();")
    assert lab.run().status == 0
    lab.write("2_b", "CREATE TABLE b ();")
    listener = psycopg2.connect(database.url, application_name="lockmaster/listener")
    listener.autocommit = True
    holder = psycopg2.connect(database.url, application_name="lockmaster/person")
    holder.autocommit = True
    with listener.cursor() as hears, holder.cursor() as cursor:
        hears.execute(f"LISTEN lockmaster_{KEY}")
        cursor.execute(f"SELECT pg_try_advisory_lock({KEY})")
        run = lab.start()
        while "has the turn" not in run.err:
            assert run.running(), run.end().text
        cursor.execute(
            "INSERT INTO lockmaster_history (version, name, kind, sha256, started_at, applied_at, applied_by, lockmaster_version)"
            " SELECT 2, '2_b', kind, encode(sha256('CREATE TABLE b ();'), 'hex'), now(), now(), 'me', '0' FROM lockmaster_history"
        )
        assert run.end().status == 0
        assert select.select([listener], [], [], 10)[0], "nobody was told"
        listener.poll()
        assert [note.channel for note in listener.notifies] == [f"lockmaster_{KEY}"]
    holder.close()
    listener.close()
