"""A big script is one transaction in several messages: one fails, all is gone; between two of them nobody gets in.

In one message its driver would need ten times its size for an error in it.
"""

from collections.abc import Callable

import pytest

from lockmaster.errors import Exit
from lockmaster.sql.segments import PART
from tests.facts.lab import Lab, until
from tests.support.database import Database
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres import PostgresServer

# a part by itself, of two lines; in bytes it is twice as long as in characters
TEXT = f"SELECT length('{'ö' * (PART // 2)}\n');\n"
MADE = "CREATE TABLE t (x int UNIQUE DEFERRABLE INITIALLY DEFERRED);\n"
BETWEEN = "statement"  # the point between two parts (faults.py)


def big(last: str, first: str = MADE) -> str:
    """Three parts; `last` begins at line `LAST` of the file when `first` is one line."""
    return f"{first}{TEXT}INSERT INTO t VALUES (1);\n{TEXT}{last}\n{TEXT}"


LAST = 7


@pytest.fixture
def pooled(lab: Lab, postgres: PostgresServer, database: Database, make_pgbouncer: Callable[..., PgBouncer]) -> Lab:
    lab.url = make_pgbouncer(postgres, default_pool_size=2).url(database.name)
    return lab


def nothing_is_left(database: Database) -> bool:
    """No table, no record, no transaction, nobody with the turn."""
    left = database.value(
        "SELECT to_regclass('t') IS NOT NULL OR EXISTS (SELECT FROM lockmaster_history)"
        " OR EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database()))"
        " OR EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in %')"
    )
    return not left


def applied(database: Database) -> list[object]:
    return [row[0] for row in database.rows("SELECT name FROM lockmaster_history WHERE applied_at IS NOT NULL")]


def test_it_is_one_transaction_with_its_record(lab: Lab, database: Database) -> None:
    lab.write("1_big", big("INSERT INTO t SELECT count(*) + 1 FROM t;"))
    lab.write("2_m", "CREATE TABLE u (x int);")
    lab.good()
    assert database.rows("SELECT x FROM t ORDER BY x") == [(1,), (2,)]
    assert applied(database) == ["1_big", "2_m"]
    made, recorded = "xmin FROM pg_class WHERE relname = 't'", "xmin FROM lockmaster_history WHERE version = 1"
    assert database.value(f"SELECT (SELECT {made}) = (SELECT {recorded})")
    assert database.value("SELECT count(DISTINCT xmin::text) FROM t") == 1


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("SELEC '😀';", 'syntax error at or near "SELEC"'),
        ("SELECT '😀', nope;", 'column "nope" does not exist'),
        ("SELECT '😀', 1 / (SELECT 0);", "division by zero"),  # no position: it is sought in this part only
    ],
    ids=["syntax", "with a place", "without a place"],
)
@pytest.mark.parametrize("own", ["", "BEGIN;\n"], ids=["plain", "own transaction"])
def test_an_error_in_the_second_message_leaves_nothing_and_names_its_line(
    lab: Lab, database: Database, last: str, said: str, own: str
) -> None:
    lab.write("1_big", own + big(last) + ("COMMIT;\nSELECT 1;" if own else ""))
    ended = lab.run()
    assert ended.status == Exit.FAILED, ended.text
    line = LAST + own.count("\n")
    assert f"1_big failed at line {line}: {said}" in ended.err
    assert last.removesuffix(";") in ended.err
    assert nothing_is_left(database)
    lab.write("1_big", big("SELECT 1;"))
    lab.good()
    assert applied(database) == ["1_big"]


@pytest.mark.parametrize("last", ["SELEC '😀';", "SELECT '😀', 1 / (SELECT 0);"], ids=["place", "no place"])
def test_behind_a_pooler_too(pooled: Lab, database: Database, last: str) -> None:
    pooled.write("1_big", big(last))
    ended = pooled.run("--pooler=transaction")
    assert ended.status == Exit.FAILED, ended.text
    assert f"1_big failed at line {LAST}" in ended.err
    assert nothing_is_left(database)
    pooled.write("1_big", big("SELECT 1;"))
    pooled.good("--pooler=transaction")
    assert applied(database) == ["1_big"]


def test_a_constraint_that_fails_at_commit_says_so(lab: Lab, database: Database) -> None:
    lab.write("1_big", big("INSERT INTO t VALUES (1);"))
    ended = lab.run()
    assert ended.status == Exit.FAILED, ended.text
    assert "(at COMMIT)" in ended.err
    assert nothing_is_left(database)


def test_what_refuses_a_transaction_is_cut_out_of_a_later_part(lab: Lab, database: Database) -> None:
    """Only the server knows that this one does (D2)."""
    lab.write("0_m", "CREATE TABLE p (x int) PARTITION BY RANGE (x);\nCREATE INDEX ON p (x);")
    lab.write("1_big", big("REINDEX TABLE p;"))
    ended = lab.good()
    assert "it runs alone" in ended.err
    assert applied(database) == ["0_m", "1_big"]
    assert database.rows("SELECT x FROM t") == [(1,)]


def test_killed_between_two_messages_leaves_nothing(lab: Lab, database: Database) -> None:
    lab.write("1_big", big("INSERT INTO t VALUES (2);"))
    for nth in (1, 2):
        assert lab.run(fault=f"{BETWEEN}@{nth}=kill").status == -9
        until(lambda: nothing_is_left(database), "the server has noticed")
    lab.good()
    assert database.rows("SELECT x FROM t ORDER BY x") == [(1,), (2,)]


def test_stopped_between_two_messages_leaves_nothing(lab: Lab, database: Database) -> None:
    lab.write("1_big", big("INSERT INTO t VALUES (2);"))
    pause = lab.pause()
    run = lab.start(fault=pause.at(BETWEEN))
    pause.wait()
    run.terminate()
    pause.let_go()
    assert run.end().status == Exit.STOPPED
    until(lambda: nothing_is_left(database), "the server has noticed", 2.0)
    lab.good()


def test_a_connection_lost_between_two_messages_is_taken_up_from_the_first(lab: Lab, database: Database) -> None:
    lab.write("1_big", big("INSERT INTO t VALUES (2);"))
    pause = lab.pause()
    run = lab.start(fault=pause.at(f"{BETWEEN}@2"))
    pause.wait()
    database.value(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND state = 'idle in transaction'"
    )
    pause.let_go()
    ended = run.end()
    assert ended.status == 0, ended.text
    assert database.rows("SELECT x FROM t ORDER BY x") == [(1,), (2,)]
    assert applied(database) == ["1_big"]


def test_between_two_messages_nobody_else_gets_the_turn(lab: Lab, database: Database) -> None:
    """Not even when the script drops the locks of its session: the transaction has one, too."""
    lab.write("1_big", big("INSERT INTO t VALUES (2);", first=f"{MADE}SELECT pg_advisory_unlock_all();\n"))
    pause = lab.pause()
    run = lab.start(fault=pause.at(f"{BETWEEN}@2"))
    pause.wait()
    other = lab.run("--wait-for-turn=500ms")
    assert other.status == Exit.NO_TURN, other.text
    pause.let_go()
    ended = run.end()
    assert ended.status == 0, ended.text
    assert database.rows("SELECT x FROM t ORDER BY x") == [(1,), (2,)]


def test_a_lock_that_is_not_to_be_had_gives_way_and_starts_from_the_first(lab: Lab, database: Database) -> None:
    lab.write("0_m", "CREATE TABLE busy (x int);")
    lab.good()
    lab.write("1_big", big("ALTER TABLE busy ADD COLUMN y int;"))
    with database.connect() as app, app.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE busy")
        run = lab.start("--ddl-lock-timeout=200ms")
        until(lambda: "again" in run.err, "it gives way")
        cursor.execute("ROLLBACK")
    ended = run.end()
    assert ended.status == 0, ended.text
    assert database.rows("SELECT x FROM t") == [(1,)]


def test_what_a_part_sets_holds_in_the_next(lab: Lab, database: Database) -> None:
    own = "CREATE SCHEMA s; SET LOCAL search_path = s; SET work_mem = '7MB';\n"
    lab.write("1_big", big("CREATE TABLE seen AS SELECT current_setting('work_mem') AS m;", first=own + MADE))
    lab.write("2_m", "CREATE TABLE after_it AS SELECT current_setting('work_mem') AS m;")
    lab.good()
    assert database.rows("SELECT m FROM s.seen") == [("7MB",)]
    assert database.rows("SELECT m FROM after_it") != [("7MB",)]


@pytest.mark.parametrize(
    ("last", "said"), [("SELECT 1;", ""), ("SELECT 1 / (SELECT 0);", "failed at line 8: division by zero")]
)
def test_rows_of_a_script_are_nobodys(lab: Lab, last: str, said: str) -> None:
    """Dates that Python cannot have, at the end of a message, and again where an error is sought."""
    far = "SELECT '5874897-01-01'::date, length"
    lab.write("1_big", big(f"{far}('');\n{last}").replace("SELECT length", far))
    ended = lab.run()
    assert ended.status == (Exit.FAILED if said else 0), ended.text
    assert said in ended.err


def test_a_script_that_changes_how_text_is_read_is_one_message(lab: Lab, database: Database) -> None:
    r"""It is read as a whole before its SET is executed: '\' is one character, as our splitter has it."""
    first = f"{MADE}SET standard_conforming_strings = off;\nSET client_encoding = 'LATIN1';\n"
    lab.write("1_big", big(r"CREATE TABLE c AS SELECT '\'::text AS c, 'ö'::text AS d;", first=first))
    lab.good()
    assert database.rows("SELECT c, d FROM c") == [("\\", "ö")]


@pytest.mark.parametrize(
    "first", ["SET standard_conforming_strings = on; SET client_encoding = 'UTF8';\n", ""], ids=["pg_dump's", "none"]
)
def test_the_header_of_pg_dump_changes_nothing(lab: Lab, first: str) -> None:
    lab.write("1_big", big("SELECT 1;", first=first + MADE))
    assert lab.run(fault=f"{BETWEEN}=kill").status == -9


def test_a_database_that_reads_text_otherwise_gets_one_message(lab: Lab, database: Database) -> None:
    database.execute(f'ALTER DATABASE "{database.name}" SET standard_conforming_strings = off')
    lab.write("1_big", big(r"CREATE TABLE c AS SELECT 'a\\b'::text AS c;"))
    ended = lab.run(fault=f"{BETWEEN}=kill")
    assert ended.status == 0, ended.text
    assert database.rows("SELECT c FROM c") == [("a\\b",)]


def test_a_script_that_ends_our_transaction_where_nobody_sees_it_is_half_done(lab: Lab, database: Database) -> None:
    """It changes how text is read in a way that no splitter can know, and then hides a COMMIT from it."""
    hidden = r"DO $$ BEGIN EXECUTE 'SET standard_conforming' || '_strings = off'; END $$;"
    lab.write("1_big", f"{MADE}{hidden}\n{TEXT}SELECT 'a\\''; COMMIT; --';\n{TEXT}{TEXT}")
    ended = lab.run()
    assert ended.status == Exit.HALF_DONE, ended.text
    assert "ended Lockmaster's own transaction" in ended.err
    assert "resolve --applied 1_big" in ended.err
    assert database.value("SELECT to_regclass('t') IS NOT NULL")


def test_two_big_ones_one_after_the_other(lab: Lab, database: Database) -> None:
    lab.write("1_big", big("SELECT 1;"))
    lab.write("2_big", f"{TEXT}SELECT 1;\n{TEXT}INSERT INTO t VALUES (2);")
    lab.write("3_m", "INSERT INTO t VALUES (3);")
    lab.good()
    assert database.rows("SELECT x FROM t ORDER BY x") == [(1,), (2,), (3,)]
    assert applied(database) == ["1_big", "2_big", "3_m"]
