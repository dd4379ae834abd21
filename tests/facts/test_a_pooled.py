"""A4: behind a transaction pooler a migration runs without the lock, or twice, or leaks into the application."""

import json
from collections.abc import Callable

import psycopg2
import pytest

from tests.facts.lab import Lab, until
from tests.support.database import Database
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres import PostgresServer

POOLED = "--pooler=transaction"
KEY = 8797427540306348812  # of public.lockmaster_history
# The lock functions of one database, slow for the pod `slow`: time between its snapshot and its lock.
SLOW = """ALTER FUNCTION pg_catalog.{name}(bigint) RENAME TO quick_{name};
CREATE FUNCTION pg_catalog.{name}(bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
IF current_setting('application_name') = 'lockmaster/slow' THEN PERFORM pg_catalog.pg_sleep(1.5); END IF;
RETURN pg_catalog.quick_{name}($1); END $$"""


@pytest.fixture
def pooled(lab: Lab, postgres: PostgresServer, database: Database, make_pgbouncer: Callable[..., PgBouncer]) -> Lab:
    """Give a lab behind a PgBouncer with one server connection: what one client leaves there, the next one has."""
    lab.url = make_pgbouncer(postgres, default_pool_size=1).url(database.name)
    return lab


def application(lab: Lab, question: str) -> object:
    """Ask what the application's next query finds on the shared server connection."""
    connection = psycopg2.connect(lab.url)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(question)
    answer = cursor.fetchall()[0][0]
    connection.close()
    return answer


@pytest.mark.parametrize("option", [POOLED, "--pooler=auto"])
def test_a4a_a_refused_try_lock_stops_the_run(lab: Lab, database: Database, option: str) -> None:
    """A false answer of pg_try_advisory_xact_lock does not end the message that it stands in."""
    lab.write("1_m", "CREATE TABLE t (x int);")
    with database.connect() as holder, holder.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock({KEY})")
        ended = lab.run(option, "--wait-for-turn=1s")
        assert ended.status == 11, ended.text
        assert database.value("SELECT to_regclass('t') IS NULL AND to_regclass('lockmaster_history') IS NULL")
    lab.good(option)


@pytest.mark.parametrize("command", ["migrate", "gate"])
def test_a4_what_is_taken_for_a_pooler_is_told(pooled: Lab, command: str) -> None:
    """In text and in JSON, without --verbose, and once: every migration is done in another way because of it."""
    pooled.write("1_m", "CREATE TABLE t (x int);")
    if command == "gate":
        pooled.good()
    words = "through a pooler (transaction)"
    assert pooled.run("--log-format=text", command=command).err.count(words) == 1
    fields = [json.loads(line) for line in pooled.run("--log-format=json", command=command).err.splitlines()]
    assert [field["pooler"] for field in fields if words in field["message"]] == ["transaction"]
    assert words not in pooled.good("--quiet", command=command).err
    assert "pooler" not in pooled.good("--pooler=none", command=command).err


def test_a4_a_pooler_is_told_once_though_the_connection_is_lost(pooled: Lab, database: Database) -> None:
    """Each new connection finds it again."""
    pooled.write("1_m", "CREATE TABLE t (x int);\nSELECT pg_sleep(1.5);")
    run = pooled.start()
    sleeping = "FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1.5)%' AND pid <> pg_backend_pid()"
    until(lambda: database.value(f"SELECT count(*) {sleeping}"), "the script sleeps")
    database.execute(f"SELECT pg_terminate_backend(pid) {sleeping}")
    ended = run.end()
    assert ended.status == 0, ended.text
    assert "the connection was lost" in ended.err
    assert ended.err.count("through a pooler") == 1


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
@pytest.mark.parametrize(
    ("option", "name"), [(POOLED, "pg_try_advisory_xact_lock"), ("--pooler=none", "pg_try_advisory_lock")]
)
def test_a4b_a_history_read_under_the_lock_is_newer_than_the_lock(
    lab: Lab, database: Database, option: str, name: str, level: str
) -> None:
    """Under a stricter default isolation the snapshot is taken by the statement that takes the lock, so before it."""
    lab.write_prisma("20260101000001_m", "CREATE TABLE done (what text);")
    lab.good(option)
    database.set(default_transaction_isolation=level)
    database.execute(SLOW.format(name=name))
    # Prisma's table has no unique name, and such a script meets no changed row: nothing else would stop a second run
    lab.write_prisma("20260101000002_m", "INSERT INTO done VALUES ('m');")
    slow = lab.start(option, env={"LOCKMASTER_POD": "slow"})
    sleeping = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lockmaster/slow' AND wait_event = 'PgSleep'"
    )
    until(lambda: database.value(sleeping), "the slow pod has its snapshot and no lock")
    lab.good(option)
    assert slow.running()
    assert slow.end().status == 0, slow.err
    assert database.rows("SELECT what FROM done") == [("m",)]
    assert database.value("SELECT count(*) FROM _prisma_migrations") == 2


REFUSED = {
    "own COMMIT": "BEGIN;\nCREATE TABLE t (x int);\nCOMMIT;",
    "COMMIT alone": "CREATE TABLE t (x int); COMMIT;\nCREATE TABLE u (x int);",
    "SET": "SET search_path = leak;",
    "SET SESSION": "SET SESSION lock_timeout = '3s';",
    "set_config": "SELECT set_config('search_path', 'leak', false);",
    "set_config in DO": "DO $$ BEGIN PERFORM set_config('search_path', 'leak', false); END $$;",
    "SET ROLE": "SET ROLE postgres;",
    "LISTEN": "LISTEN news;",
    "SET TRANSACTION": "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;",
    "temporary table": "CREATE TEMP TABLE tmp (x int);",
    "CONCURRENTLY": "CREATE INDEX CONCURRENTLY i ON base (x);",
    "PREPARE": "PREPARE p AS SELECT 1;",
}


@pytest.mark.parametrize("script", REFUSED.values(), ids=REFUSED)
def test_a4cd_what_needs_a_session_is_refused_before_anything_runs(
    pooled: Lab, database: Database, script: str
) -> None:
    """After a script's own COMMIT the transaction's lock is free; what it SETs, the application has next."""
    pooled.write("1_base", "CREATE TABLE base (x int);")
    pooled.write("2_needs", script)
    ended = pooled.run()
    assert ended.status == 2, ended.text
    assert "DIRECT_DATABASE_URL" in ended.err
    assert "2_needs.sql:1" in ended.err
    assert database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


@pytest.mark.parametrize("script", REFUSED.values(), ids=REFUSED)
def test_a4cd_with_a_direct_url_it_runs_and_leaks_nothing(pooled: Lab, database: Database, script: str) -> None:
    """The whole run goes to the server itself: a lock of our own pooled session would refuse our direct one."""
    pooled.write("1_base", "CREATE TABLE base (x int);")
    pooled.write("2_needs", script)
    pooled.env["DIRECT_DATABASE_URL"] = database.url
    pooled.good()
    assert database.value("SELECT count(*) FROM lockmaster_history WHERE applied_at IS NOT NULL") == 2
    assert application(pooled, "SHOW search_path") == '"$user", public'


def test_a4_the_direct_url_must_lead_to_the_same_database(
    pooled: Lab, database: Database, postgres: PostgresServer
) -> None:
    """A direct URL that was forgotten in a copied environment would migrate somebody else's database."""
    pooled.write("1_m", "CREATE TABLE t (x int);\nCOMMIT;")
    other = Database(postgres)
    try:
        pooled.env["DIRECT_DATABASE_URL"] = other.url
        ended = pooled.run()
        assert ended.status == 2, ended.text
        for each in (other, database):
            assert each.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    finally:
        other.drop()


LEAKS = {
    "SET LOCAL": "SET LOCAL search_path = leak;",
    "in DO": "DO $$ BEGIN SET search_path = leak; END $$;",
    "in a function": (
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SET sea' || 'rch_path = leak';"
        " END $$;\nSELECT f();"
    ),
    "role in DO": "DO $$ BEGIN EXECUTE 'SET ro' || 'le pg_monitor'; END $$;",
}


@pytest.mark.parametrize("script", LEAKS.values(), ids=LEAKS)
def test_a4d_nothing_that_a_script_sets_reaches_the_application(pooled: Lab, script: str) -> None:
    """The server connection is the application's a moment later, and no reader of ours sees into a function."""
    pooled.write("1_set", f"CREATE TABLE t (x int);\n{script}")
    before = [application(pooled, f"SHOW {name}") for name in ("search_path", "lock_timeout", "role")]
    pooled.good()
    assert [application(pooled, f"SHOW {name}") for name in ("search_path", "lock_timeout", "role")] == before


def test_a4e_set_transaction_as_the_first_statement_works(lab: Lab, database: Database) -> None:
    """25001 'must be called before any query' after a statement of ours; in the BEGIN it is in time."""
    iso = "SELECT current_setting('transaction_isolation') AS level"
    lab.write("1_first", f"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nCREATE TABLE one AS {iso};")
    lab.write("2_begin", f"BEGIN ISOLATION LEVEL REPEATABLE READ;\nCREATE TABLE two AS {iso};\nCOMMIT;")
    lab.write("3_plain", f"CREATE TABLE three AS {iso};")
    lab.good()
    levels = [database.value(f"SELECT level FROM {name}") for name in ("one", "two", "three")]
    assert levels == ["serializable", "repeatable read", "read committed"]


@pytest.mark.parametrize("option", [POOLED, "--pooler=none"])
def test_a4_a_read_only_default_is_no_standby(lab: Lab, database: Database, option: str) -> None:
    """default_transaction_read_only gives the same 25006 as a standby; our BEGIN says READ WRITE."""
    database.set(default_transaction_read_only="on", default_transaction_isolation="serializable")
    lab.write("1_m", "CREATE TABLE t (x int);")
    if option != POOLED:
        lab.write("2_cic", "CREATE INDEX CONCURRENTLY i ON t (x);")
    lab.good(option)
