"""B: two at once.

Not here, because there is no `exec` command in this version: B1's guard process and heartbeat (the holder's child).
"""

import pytest

from tests.facts.lab import Lab, until
from tests.support.database import Database
from tests.support.postgres import Server

POOLED = "--pooler=transaction"
WAYS = pytest.mark.parametrize("option", ["--pooler=none", POOLED])
HELD = "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND granted"


def as_role(lab: Lab, database: Database, postgres: Server, **settings: str) -> str:
    """Let the lab work as a role that owns its schema and has these settings; its name."""
    name, password = postgres.create_role(**settings)
    database.execute(f'ALTER SCHEMA public OWNER TO "{name}"')
    lab.url = database.url_for(name, password)
    return name


# -- B1 and B2: the session that holds the lock -------------------------------------------------------------


@WAYS
@pytest.mark.parametrize(
    "setting", ["idle_session_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"]
)
def test_b1_b2_limits_on_the_role_do_not_end_the_holder(
    lab: Lab, database: Database, postgres: Server, option: str, setting: str
) -> None:
    """The server ends an idle holder, a second one gets the lock, and the first finds out at its next statement."""
    since = {"transaction_timeout": 17, "idle_session_timeout": 14}.get(setting, 0)
    if postgres.major < since:  # it has no such limit: what is left is the test of the holder
        setting = "idle_in_transaction_session_timeout"
    as_role(lab, database, postgres, **{setting: "400ms"})
    lab.write("1_slow", "CREATE TABLE slow AS SELECT pg_sleep(1)::text;")
    lab.write("2_slow", "INSERT INTO slow SELECT pg_sleep(1)::text;")
    pause = lab.pause()
    run = lab.start(option, fault=pause.at("read-under-turn"))
    pause.wait()
    until(lambda: database.value(HELD), "it holds the turn")
    lab_two = lab.start(option, "--wait-for-turn=1s")
    assert lab_two.end().status == 11, lab_two.err
    assert database.value(HELD)
    pause.let_go()
    ended = run.end()
    assert ended.status == 0, ended.text
    assert "lost" not in ended.err
    assert database.value("SELECT count(*) FROM slow") == 2


def test_b2_the_limits_hold_for_a_statement_that_refuses_a_transaction(
    lab: Lab, database: Database, postgres: Server
) -> None:
    """Such a statement has no BEGIN of ours to carry the settings; a role's statement_timeout is none of ours."""
    as_role(lab, database, postgres, **({"transaction_timeout": "300ms"} if postgres.major >= 17 else {}))
    lab.write("1_t", "CREATE TABLE t (a int);\nINSERT INTO t SELECT generate_series(1, 10);")
    lab.write(
        "2_f",
        "CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM pg_sleep(0.1); RETURN $1; END $$;",
    )
    lab.write("3_cic", "CREATE INDEX CONCURRENTLY t_a ON t (slow(a));")
    lab.good()
    assert database.value("SELECT indisvalid FROM pg_index WHERE indrelid = 't'::regclass")


# -- B3: a script drops the turn ----------------------------------------------------------------------------

DROPPING = {
    "unlock_all": "SELECT pg_advisory_unlock_all();",
    "unlock_all in DO": "DO $$ BEGIN EXECUTE 'SELECT pg_adv' || 'isory_unlock_all()'; END $$;",
    "DISCARD ALL": "DISCARD ALL;",
    "DISCARD ALL in the middle": "CREATE TABLE before (x int);\nDISCARD ALL;\nCREATE TABLE after (x int);",
    "RESET": "SET ROLE pg_monitor;\nRESET ALL;",
    "DEALLOCATE ALL": "DEALLOCATE ALL;",
    "DEALLOCATE ALL in DO": "DO $$ BEGIN EXECUTE 'DEALLO' || 'CATE ALL'; END $$;",
    "session authorization": "SET SESSION AUTHORIZATION DEFAULT;\nSET SESSION ROLE NONE;",
}


@pytest.mark.parametrize("script", DROPPING.values(), ids=DROPPING)
def test_b3_a_script_that_drops_the_turn_does_not_let_two_in(lab: Lab, database: Database, script: str) -> None:
    """DISCARD ALL and pg_advisory_unlock_all() give the lock away in the middle of a run; DEALLOCATE ALL takes the proof."""
    lab.write("1_acc", "CREATE TABLE acc AS SELECT 10 AS n;")
    lab.write("2_drops", f"UPDATE acc SET n = n + 1;\n{script}")
    lab.write("3_double", "UPDATE acc SET n = n * 2;")
    ended = lab.run()
    assert ended.status == 0, ended.text
    assert database.value("SELECT n FROM acc") == 22
    assert database.value("SELECT count(*) FROM lockmaster_history WHERE applied_at IS NOT NULL") == 3


def test_b3_after_the_turn_was_dropped_nothing_runs_without_it(lab: Lab, database: Database) -> None:
    """Somebody who takes the lock that a script dropped must be alone: the next transaction fails by itself."""
    lab.write("1_acc", "CREATE TABLE acc AS SELECT 10 AS n;\nSELECT pg_advisory_unlock_all();")
    lab.write("2_double", "UPDATE acc SET n = n * 2;")
    pause = lab.pause()
    run = lab.start(fault=pause.at("message-answered"))
    pause.wait()
    with database.connect() as thief, thief.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(8797427540306348812)")
        assert cursor.fetchall() == [(True,)]
        pause.let_go()
        until(lambda: "waiting for the turn" in run.err, "it waits for the turn that it has lost")
        assert database.value("SELECT n FROM acc") == 10
    assert run.end().status == 0, run.err
    assert database.value("SELECT n FROM acc") == 20


def test_b3_what_a_script_set_is_put_back_for_the_next_one(lab: Lab, database: Database, postgres: Server) -> None:
    """RESET ALL leaves the role as it was set, and DISCARD ALL would give the turn away."""
    other, _ = postgres.create_role(attributes="NOLOGIN")
    database.execute(f'GRANT ALL ON SCHEMA public TO "{other}"')
    seen = "INSERT INTO seen SELECT current_user, current_setting('search_path'), to_regclass('pg_temp.tmp') IS NULL"
    lab.write("1_seen", f"CREATE TABLE seen (who text, path text, clean bool);\n{seen};")
    lab.write("2_sets", f'SET search_path = pg_catalog, public;\nCREATE TEMP TABLE tmp (x int);\nSET ROLE "{other}";')
    lab.write("3_looks", f"{seen};")
    lab.good()
    first, last = database.rows("SELECT * FROM seen")
    assert first == last


# -- B4: one history, one lock ------------------------------------------------------------------------------


@WAYS
def test_b4_a_schema_of_the_users_name_does_not_hide_the_history(
    lab: Lab, database: Database, postgres: Server, option: str
) -> None:
    """With search_path "$user", public, CREATE SCHEMA makes current_schema() another: another key, all again."""
    name = as_role(lab, database, postgres)
    lab.write("1_acc", "CREATE TABLE acc AS SELECT 10 AS n;")
    lab.good(option)
    database.execute(f'CREATE SCHEMA "{name}" AUTHORIZATION "{name}"')
    lab.write("2_double", "UPDATE public.acc SET n = n * 2;")
    lab.good(option)
    lab.good(option)
    assert database.value("SELECT n FROM acc") == 20
    where = "SELECT schemaname FROM pg_tables WHERE tablename = 'lockmaster_history'"
    assert database.rows(where) == [("public",)]


@WAYS
def test_b4_a_schema_of_the_users_name_that_is_there_first_makes_no_second_history(
    lab: Lab, database: Database, postgres: Server, option: str
) -> None:
    """Where nothing is named and nothing is found the history goes to public, whatever current_schema() says."""
    name = as_role(lab, database, postgres)
    database.execute(f'CREATE SCHEMA "{name}" AUTHORIZATION "{name}"')
    lab.write("1_acc", "CREATE TABLE acc AS SELECT 10 AS n;")
    for _ in range(2):
        lab.good(option)
    where = "SELECT schemaname FROM pg_tables WHERE tablename = 'lockmaster_history'"
    assert database.rows(where) == [("public",)]


@pytest.mark.parametrize("how", ["--schema=app", "--history-schema=app", "role"])
def test_b4_a_path_without_public_finds_the_history_again(
    lab: Lab, database: Database, postgres: Server, how: str
) -> None:
    """A search_path that does not hold the history's schema must not make a current database look empty."""
    database.execute("CREATE SCHEMA app")
    options = () if how == "role" else (how,)
    if how == "role":
        as_role(lab, database, postgres, search_path="app")
        database.execute("GRANT ALL ON SCHEMA app TO public")
    lab.write("1_acc", "CREATE TABLE acc AS SELECT 10 AS n;")
    lab.good(*options)
    lab.good(*options)
    lab.good(*options, "--check", command="status")
    lab.write("2_double", "UPDATE acc SET n = n * 2;")
    lab.good(*options)
    lab.good(*options)
    schema = "public" if how == "--history-schema=app" else "app"
    assert database.value(f"SELECT n FROM {schema}.acc") == 20
    assert database.value("SELECT count(*) FROM pg_tables WHERE tablename = 'lockmaster_history'") == 1
