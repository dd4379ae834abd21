"""A5 to A7: scripts with their own transactions, statements that refuse one, and commits that are believed."""

import time
from collections.abc import Callable

import pytest

from tests.facts.lab import Lab, busy, until
from tests.support.database import Database
from tests.support.postgres import PostgresServer, Server

OPEN = "SELECT name FROM lockmaster_history WHERE applied_at IS NULL"
INDEXES = """SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = 't'::regclass ORDER BY 1"""
OIDS = "SELECT indexrelid FROM pg_index WHERE indrelid = 't'::regclass ORDER BY 1"
TABLES = "SELECT tablename FROM pg_tables WHERE tablename ~ '^o[0-9]$' ORDER BY 1"
BUILDING = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query ~ '^{}'"


def names(database: Database, sql: str) -> list[object]:
    return [row[0] for row in database.rows(sql)]


# -- A5: own BEGIN and COMMIT -------------------------------------------------------------------------------

TWO = """BEGIN;
CREATE TABLE o1 (x int);
UPDATE acc SET n = n + 1;
COMMIT;
CREATE TABLE o2 (x int);
UPDATE acc SET n = n + 10;
SELECT 1 / 0;
"""


@pytest.fixture
def counted(lab: Lab, database: Database) -> Lab:
    """Give a lab whose first migration made acc, which counts what is done."""
    lab.write("1_acc", "CREATE TABLE acc AS SELECT 0 AS n;")
    lab.good()
    assert database.value("SELECT n FROM acc") == 0
    return lab


def test_a5_a_file_that_fails_in_its_second_piece_leaves_what_the_journal_says(
    counted: Lab, database: Database
) -> None:
    """In one transaction with the record, a script's own COMMIT would keep o1 and lose the record of it."""
    counted.write("2_two", TWO)
    ended = counted.run()
    assert ended.status == 13, ended.text
    assert "line 7" in ended.err
    assert "22012" in ended.err
    assert "1 to 1 of 2" in ended.err
    assert names(database, TABLES) == ["o1"]
    assert names(database, OPEN) == ["2_two"]
    assert database.value("SELECT n FROM acc") == 1


def test_a5_a_repaired_file_goes_on_where_it_failed(counted: Lab, database: Database) -> None:
    """The pieces before the failed one are in effect, and are not to be repeated."""
    counted.write("2_two", TWO)
    assert counted.run().status == 13
    counted.write("2_two", TWO.replace("1 / 0", "1 / 1"))
    counted.good()
    assert names(database, TABLES) == ["o1", "o2"]
    assert names(database, OPEN) == []
    assert database.value("SELECT n FROM acc") == 11
    counted.good()


def test_a5_a_file_edited_in_a_piece_that_is_in_effect_is_a_persons_matter(counted: Lab, database: Database) -> None:
    """What was run is not what the file says now: going on would record a lie."""
    counted.write("2_two", TWO)
    assert counted.run().status == 13
    counted.write("2_two", TWO.replace("1 / 0", "1 / 1").replace("n + 1;", "n + 2;"))
    ended = counted.run()
    assert ended.status == 13, ended.text
    assert "edited" in ended.err
    assert database.value("SELECT n FROM acc") == 1


def test_a5_undone_by_hand_it_runs_from_its_beginning(counted: Lab, database: Database) -> None:
    """`resolve --rolled-back` is the other way on that the error names."""
    counted.write("2_two", TWO)
    assert "resolve --rolled-back 2_two" in counted.run().err
    database.execute("DROP TABLE o1; UPDATE acc SET n = 0")
    counted.good("--rolled-back", "2_two", command="resolve")
    counted.write("2_two", TWO.replace("1 / 0", "1 / 1"))
    counted.good()
    assert database.value("SELECT n FROM acc") == 11


def test_a5_a_kill_between_two_pieces_repeats_neither(counted: Lab, database: Database) -> None:
    """Killed between `update acc set n=n+1` and a separate "done", the next run cannot know."""
    counted.write("2_two", TWO.replace("SELECT 1 / 0;", ""))
    assert counted.run(fault="message-answered=kill").status == -9
    assert names(database, TABLES) == ["o1"]
    counted.good()
    assert database.value("SELECT n FROM acc") == 11


SHAPES = {
    "B..C": ("BEGIN;\nCREATE TABLE o1 (x int);\nCOMMIT;", ["o1"]),
    "B..C more": ("BEGIN;\nCREATE TABLE o1 (x int);\nEND;\nCREATE TABLE o2 (x int);", ["o1", "o2"]),
    "B..C B..C more": (
        "START TRANSACTION;\nCREATE TABLE o1 (x int);\nCOMMIT WORK;\nBEGIN WORK;\nCREATE TABLE o2 (x int);\n"
        "COMMIT TRANSACTION;\nCREATE TABLE o3 (x int)",
        ["o1", "o2", "o3"],
    ),
    "chain": ("BEGIN;\nCREATE TABLE o1 (x int);\nCOMMIT AND CHAIN;\nCREATE TABLE o2 (x int);\nCOMMIT;", ["o1", "o2"]),
    "rollback": ("BEGIN;\nCREATE TABLE o1 (x int);\nROLLBACK;\nCREATE TABLE o2 (x int);", ["o2"]),
    "rollback last": ("CREATE TABLE o1 (x int);\nROLLBACK;", []),
    "never ended": ("BEGIN;\nCREATE TABLE o1 (x int);", ["o1"]),
    "no BEGIN": ("CREATE TABLE o1 (x int);\nCOMMIT;", ["o1"]),
    "nothing between": ("BEGIN;\nCOMMIT;", []),
}


@pytest.mark.parametrize(("script", "left"), SHAPES.values(), ids=SHAPES)
def test_a5_every_shape_of_own_transactions_means_what_it_says(
    lab: Lab, database: Database, script: str, left: list[str]
) -> None:
    """13 of one team's 434 migrations have them; the record must be written once, whatever the shape."""
    lab.write("1_shape", script)
    lab.write("2_next", "CREATE TABLE o9 (x int);")
    lab.good()
    assert names(database, TABLES) == [*left, "o9"]
    assert names(database, "SELECT name FROM lockmaster_history WHERE applied_at IS NOT NULL ORDER BY 1") == [
        "1_shape",
        "2_next",
    ]


def test_a5_each_piece_has_our_lock_timeout(lab: Lab, database: Database) -> None:
    """SET LOCAL is gone after the script's own COMMIT: the rest would wait for locks without end."""
    seen = "INSERT INTO seen SELECT current_setting('lock_timeout'), current_setting('statement_timeout');"
    lab.write("1_seen", "CREATE TABLE seen (l text, s text);")
    lab.write("2_two", f"BEGIN;\n{seen}\nCOMMIT;\n{seen}\n")
    lab.good("--ddl-lock-timeout=700ms", "--statement-timeout=9s")
    assert database.rows("SELECT l, s FROM seen") == [("700ms", "9s")] * 2


def test_a5_statements_keep_their_transaction_beside_one_that_refuses_it(lab: Lab, database: Database) -> None:
    """One by one in autocommit, LOCK TABLE is an error, SET LOCAL does nothing, and ON COMMIT DROP is gone at once."""
    lab.write("1_t", "CREATE TABLE t (a int);\nCREATE TABLE seen (what text);")
    lab.write(
        "2_mixed",
        """LOCK TABLE t IN EXCLUSIVE MODE;
SET LOCAL work_mem = '77MB';
CREATE TEMP TABLE tmp ON COMMIT DROP AS SELECT current_setting('work_mem') AS w;
SAVEPOINT s;
INSERT INTO seen VALUES ('undone');
ROLLBACK TO SAVEPOINT s;
DECLARE c CURSOR FOR SELECT 1;
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO seen SELECT w FROM tmp;
CREATE INDEX CONCURRENTLY t_a ON t (a);
INSERT INTO seen VALUES ('after');
""",
    )
    lab.good()
    assert names(database, "SELECT what FROM seen") == ["77MB", "after"]
    assert database.rows(INDEXES) == [("t_a", True)]


# -- A6: statements that refuse a transaction ---------------------------------------------------------------


@pytest.fixture
def table(lab: Lab, database: Database) -> Lab:
    """Give a lab with table t: a is not unique, b is."""
    lab.write("1_t", "CREATE TABLE t (a int, b int);\nINSERT INTO t SELECT 1, i FROM generate_series(1, 100) i;")
    lab.good()
    assert database.rows(INDEXES) == []
    return lab


def make_invalid(database: Database) -> None:
    """Leave an INVALID index t_a, as a person who tried and failed does."""
    with pytest.raises(Exception, match="could not create unique index"):
        database.execute("CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)")
    assert database.rows(INDEXES) == [("t_a", False)]


def interrupt(lab: Lab, database: Database, started: str) -> None:
    """Run, and kill -9 the run while its statement waits for a writer; then wait until its session has ended."""
    database.execute("CREATE TABLE IF NOT EXISTS unrelated (x int)")
    with busy(database, "BEGIN; UPDATE t SET b = b; SELECT pg_sleep(60)"):
        run = lab.start()
        until(lambda: database.value(BUILDING.format(started)), "the statement runs")
        until(lambda: any(not row[1] for row in database.rows(INDEXES)), "an INVALID index is there")
        run.kill()
        database.end_orphan()
        until(lambda: not database.value(BUILDING.format(started)), "the orphan has ended", 10)
    assert any(not row[1] for row in database.rows(INDEXES))


@pytest.mark.parametrize("words", ["CONCURRENTLY IF NOT EXISTS", "CONCURRENTLY"])
def test_a6a_an_invalid_index_of_a_person_is_never_recorded_as_applied(
    table: Lab, database: Database, words: str
) -> None:
    """IF NOT EXISTS over an INVALID index says 'CREATE INDEX' and skips: applied, and no index is used."""
    make_invalid(database)
    table.write("2_cic", f"CREATE INDEX {words} t_a ON t (a);")
    ended = table.run()
    assert ended.status == 13, ended.text
    assert 'DROP INDEX CONCURRENTLY "public"."t_a"' in ended.err
    assert database.rows(INDEXES) == [("t_a", False)], "what is a person's is not dropped"
    assert table.run().status == 13
    database.execute("DROP INDEX t_a")
    table.good()
    assert database.rows(INDEXES) == [("t_a", True)]


def test_a6a_a_valid_index_that_is_there_is_skipped(table: Lab, database: Database) -> None:
    """IF NOT EXISTS over a good index is what its author wanted."""
    database.execute("CREATE INDEX t_a ON t (a)")
    table.write("2_cic", "CREATE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a);")
    table.good()
    assert database.rows(INDEXES) == [("t_a", True)]


def test_a6b_an_index_without_a_name_is_there_once_after_an_interruption(table: Lab, database: Database) -> None:
    """Each interrupted try leaves one more: t_b_idx, t_b_idx1, ..., and no name in the text shows whose they are."""
    table.write("2_cic", "CREATE INDEX CONCURRENTLY ON t (b);")
    interrupt(table, database, "CREATE INDEX")
    table.good()
    assert [valid for _, valid in database.rows(INDEXES)] == [True]
    assert names(database, OPEN) == []


def test_a6b_a_named_index_is_built_anew_after_an_interruption(table: Lab, database: Database) -> None:
    """The repeat fails with 42P07 on the INVALID rest of the first try."""
    table.write("2_cic", "INSERT INTO t VALUES (7, 7);\nCREATE INDEX CONCURRENTLY t_b ON t (b);")
    interrupt(table, database, "CREATE INDEX")
    table.good()
    assert database.rows(INDEXES) == [("t_b", True)]
    assert database.value("SELECT count(*) FROM t WHERE a = 7") == 1


def test_a6b_a_failed_build_leaves_no_invalid_index(table: Lab, database: Database) -> None:
    """A unique index over duplicates fails in its second phase, and its rest would stand in the next one's way."""
    table.write("2_cic", "CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a);")
    ended = table.run()
    assert ended.status == 12, ended.text
    assert "23505" in ended.err
    assert database.rows(INDEXES) == []
    assert names(database, OPEN) == []
    database.execute("DELETE FROM t WHERE b > 1")
    table.good()
    assert database.rows(INDEXES) == [("t_a", True)]


def test_a6c_an_interrupted_reindex_leaves_no_ccnew(table: Lab, database: Database) -> None:
    """t_b_ccnew stays INVALID after the good run, and costs every write."""
    database.execute("CREATE INDEX t_b ON t (b)")
    table.write("2_reindex", "REINDEX INDEX CONCURRENTLY t_b;")
    interrupt(table, database, "REINDEX")
    assert ("t_b_ccnew", False) in database.rows(INDEXES)
    table.good()
    assert database.rows(INDEXES) == [("t_b", True)]


def test_a6c_a_persons_ccnew_is_left_alone(table: Lab, database: Database) -> None:
    """What was INVALID before our statement is not ours to drop."""
    make_invalid(database)
    database.execute("ALTER INDEX t_a RENAME TO t_a_ccnew; CREATE INDEX t_b ON t (b)")
    table.write("2_reindex", "REINDEX INDEX CONCURRENTLY t_b;")
    table.good()
    assert database.rows(INDEXES) == [("t_a_ccnew", False), ("t_b", True)]


def test_a6d_an_index_that_somebody_is_building_is_not_dropped(table: Lab, database: Database) -> None:
    """INVALID is also what a build in progress looks like."""
    table.write("2_cic", "CREATE INDEX CONCURRENTLY t_b ON t (b);")
    assert table.run(fault="intent=kill").status == -9
    with (
        busy(database, "BEGIN; UPDATE t SET b = b; SELECT pg_sleep(60)"),
        busy(database, "CREATE INDEX CONCURRENTLY t_b ON t (b)") as builder,
    ):
        until(lambda: database.rows(INDEXES) == [("t_b", False)], "a person's index is being built")
        ended = table.run("--ddl-lock-budget=1s")
        assert ended.status in {10, 11}, ended.text
        assert "building" in ended.err
        assert database.value(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {builder}") == 1
        assert database.rows(INDEXES) == [("t_b", False)]


def test_a6e_drop_index_is_repeated_or_found_done(table: Lab, database: Database) -> None:
    """Interrupted it leaves the index INVALID; repeated after it was done it fails with 42704."""
    database.execute("CREATE INDEX t_a ON t (a); CREATE INDEX t_b ON t (b)")
    table.write("2_drop", "DROP INDEX CONCURRENTLY t_a;")
    interrupt(table, database, "DROP INDEX")
    table.good()
    table.write("3_drop", "DROP INDEX CONCURRENTLY t_b;")
    assert table.run(fault="alone-answered=kill").status == -9
    table.good()
    assert database.rows(INDEXES) == []


@pytest.mark.parametrize("point", ["intent", "alone-sent", "alone-answered"])
def test_a6_a_new_value_of_an_enum_is_there_once(lab: Lab, database: Database, point: str) -> None:
    """55P04: a new value cannot be used in the transaction that adds it, so Prisma writes COMMIT after it."""
    lab.write("1_t", "CREATE TYPE mood AS ENUM ('sad');\nCREATE TABLE t (m mood);")
    lab.write("2_add", "BEGIN;\nALTER TYPE mood ADD VALUE 'ok';\nCOMMIT;\nINSERT INTO t VALUES ('ok');\nVACUUM t;")
    assert lab.run(fault=f"{point}=kill").status == -9
    lab.good()
    assert names(database, "SELECT enumlabel FROM pg_enum ORDER BY 1") == ["ok", "sad"]
    assert database.value("SELECT count(*) FROM t") == 1


def test_a6_an_interrupted_call_that_commits_is_a_persons_matter(counted: Lab, database: Database) -> None:
    """Nothing in a catalog shows how far a procedure with its own COMMITs came."""
    counted.write(
        "2_proc",
        """CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN
UPDATE acc SET n = n + 1; COMMIT; UPDATE acc SET n = n + 1; COMMIT; END $$;""",
    )
    counted.good()
    counted.write("3_call", "CALL p();")
    assert counted.run(fault="alone-answered=kill").status == -9
    ended = counted.run()
    assert ended.status == 13, ended.text
    assert "resolve --applied 3_call" in ended.err
    assert database.value("SELECT n FROM acc") == 2
    counted.good("--applied", "3_call", command="resolve")
    counted.good()
    assert database.value("SELECT n FROM acc") == 2


BLIND = "SET client_connection_check_interval = 0;\n"  # before 14 a server is blind anyhow


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ("CREATE INDEX CONCURRENTLY t_b ON t (b);", [("t_a", True), ("t_b", True)]),
        ("CREATE INDEX CONCURRENTLY ON t (b);", [("t_a", True), ("t_b_idx", True)]),
        ("REINDEX INDEX CONCURRENTLY t_a;", [("t_a", True)]),
        ("DROP INDEX CONCURRENTLY t_a;", []),
    ],
)
def test_a6_an_orphan_that_goes_on_is_waited_for_and_what_it_did_counts(
    table: Lab, database: Database, postgres: Server, statement: str, left: list[tuple[str, bool]]
) -> None:
    """A server that does not see its client's death works on to the end of the statement, and has the turn until then."""
    database.execute("CREATE INDEX t_a ON t (a)")
    table.write("2_alone", f"{BLIND if postgres.sees_dead_clients else ''}{statement}\nINSERT INTO t VALUES (7, 7);")
    orphan = f"SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query ~ '^{statement.split(maxsplit=1)[0]}'"
    with busy(database, "BEGIN; UPDATE t SET b = b; SELECT pg_sleep(60)"):
        run = table.start()
        until(lambda: any(not row[1] for row in database.rows(INDEXES)), "an INVALID index is there")
        run.kill()
        time.sleep(1.5)  # a server that looks has seen it now
        pid = database.value(orphan)
        seen = database.rows(OIDS)
        ended = table.run("--wait-for-turn=500ms")
        assert ended.status == 11, ended.text
        assert f"lockmaster/pod (pid {pid})" in ended.err
        waiting = table.start()
        until(lambda: f"lockmaster/pod (pid {pid}) has the turn" in waiting.err, "it waits, and says for whom")
        assert database.rows(OIDS) == seen, "nobody touches what the orphan is working on"
    ended = waiting.end()
    assert ended.status == 0, ended.text
    assert database.rows(INDEXES) == left
    if statement.startswith("CREATE"):
        assert database.rows(OIDS) == seen, "the orphan's index is kept, not built a second time"
    assert database.value("SELECT count(*) FROM t WHERE a = 7") == 1
    assert names(database, OPEN) == []


def test_a6_a_file_that_was_lengthened_after_a_crash_keeps_its_evidence(table: Lab, database: Database) -> None:
    """The evidence is of the statement, not of the number of pieces in the file."""
    cic = "CREATE INDEX CONCURRENTLY t_b ON t (b);\n"
    table.write("2_cic", cic)
    interrupt(table, database, "CREATE INDEX")
    table.write("2_cic", f"{cic}INSERT INTO t VALUES (7, 7);")
    table.good()
    assert database.rows(INDEXES) == [("t_b", True)]


# -- A7: what was reported is there -------------------------------------------------------------------------


def test_a7_what_was_reported_survives_a_crash_of_the_server(
    lab: Lab, make_server: Callable[..., PostgresServer]
) -> None:
    """With synchronous_commit=off for all but the last, a failed run leaves rows that others saw and that get lost."""
    server = make_server(durable=True, wal_writer_delay="10s")
    lab.url = server.create_database("app")
    for number in (1, 2, 3):
        lab.write(f"{number}_m", f"CREATE TABLE o{number} (x int);")
    lab.write("4_fails", "SELECT 1 / 0;")
    assert lab.run().status == 12
    server.restart("immediate")
    assert server.rows("SELECT count(*) FROM lockmaster_history", "app") == [(3,)]
    assert server.rows("SELECT count(*) FROM pg_tables WHERE tablename ~ '^o[0-9]$'", "app") == [(3,)]


def test_a7_the_users_synchronous_commit_is_left_as_it_is(lab: Lab, database: Database) -> None:
    """Whoever set it did so for the database, and for a reason."""
    database.set(synchronous_commit="remote_apply")
    lab.write("1_m", "CREATE TABLE seen AS SELECT current_setting('synchronous_commit') AS s;")
    lab.good()
    assert database.value("SELECT s FROM seen") == "remote_apply"
