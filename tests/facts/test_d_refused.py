"""D: refused or misreported although it is fine.

Not here: `--create-database` and `exec --once` (D6, D9) are no commands of this version; what other poolers than
PgBouncer answer (D5) cannot be had on a test machine.
"""

import os
from collections.abc import Callable

import pytest

import lockmaster
from lockmaster.databases.postgres import url as urls
from lockmaster.errors import AccessDeniedError, UnreachableError
from tests.facts.lab import Lab, until
from tests.support import sources
from tests.support.database import Database
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres import PostgresServer, Server

NAMES = "SELECT name FROM lockmaster_history WHERE applied_at IS NOT NULL ORDER BY version"
PRISMA_TABLE = """CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL,
finished_at TIMESTAMPTZ, migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)"""


def names(database: Database) -> list[object]:
    return [row[0] for row in database.rows(NAMES)]


# -- D1: which migration it was -----------------------------------------------------------------------------


def five(lab: Lab, third: str) -> None:
    """Write five migrations, of which the third is `third`."""
    for number in (1, 2, 4, 5):
        lab.write(f"{number}_m", f"CREATE TABLE o{number} (x int);")
    lab.write("3_m", third)


@pytest.mark.parametrize(
    ("third", "line", "state"),
    [
        ("CREATE TABLE o3 (x int);\n-- ünïcödé 😀\nCREATE TABEL bad (x int);", 3, "42601"),
        ("CREATE TABLE o3 (x int);\n\nINSERT INTO nowhere VALUES ('😀', 1);", 3, "42P01"),
        ("CREATE TABLE o3 (x int);\nSELECT 1;\nSELECT 1 / 0;", 3, "22012"),
        ("CREATE TABLE o3 (x int);\nDO $$ BEGIN\nRAISE EXCEPTION 'no';\nEND $$;", 2, "P0001"),
    ],
    ids=["syntax", "names", "run time", "raised"],
)
def test_d1_the_good_ones_before_a_bad_one_are_applied_and_the_bad_one_is_named(
    lab: Lab, database: Database, third: str, line: int, state: str
) -> None:
    """The server parses a message as a whole: a syntax error in the third migration stops the first two as well."""
    five(lab, third)
    ended = lab.run()
    assert ended.status == 12, ended.text
    assert f"migration 3_m failed at line {line}" in ended.err
    assert state in ended.err
    assert names(database) == ["1_m", "2_m"]
    assert database.value("SELECT to_regclass('o3') IS NULL AND to_regclass('o4') IS NULL")


def test_d1_an_encoding_error_names_its_migration(lab: Lab, postgres: Server) -> None:
    """22P05 refuses the whole message and has no position: history alone would say that the first one failed."""
    database = Database(postgres, template="template0", encoding="LATIN1", locale="C")
    try:
        lab.url = database.url
        five(lab, "CREATE TABLE o3 (x int);\nINSERT INTO o3 SELECT 1 WHERE '😀' = '';")
        ended = lab.run()
        assert ended.status == 12, ended.text
        assert "migration 3_m failed" in ended.err
        assert "22P05" in ended.err
        assert "😀" in ended.err, "the statement is named"
        assert names(database) == ["1_m", "2_m"]
    finally:
        database.drop()


def test_d1_a_script_that_changes_how_text_is_read_ends_its_message(lab: Lab, database: Database) -> None:
    """Settings of the lexer do not act inside the message that holds them: a batch is 42601, two messages work."""
    lab.write("1_off", "SET standard_conforming_strings = off;\nCREATE TABLE t (x text);")
    lab.write("2_next", "INSERT INTO t VALUES ('a\\');")
    lab.good()
    assert database.rows("SELECT x FROM t") == [("a\\",)]


def test_d1_a_constraint_that_fails_at_commit_says_so(lab: Lab, database: Database) -> None:
    """A deferred constraint has neither position nor statement: "at COMMIT" is an answer too."""
    lab.write(
        "1_p",
        "CREATE TABLE p (id int PRIMARY KEY);\nCREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);",
    )
    lab.write("2_c", "INSERT INTO c VALUES (1);\nINSERT INTO c VALUES (2);")
    lab.write("3_m", "SELECT 1;")
    ended = lab.run()
    assert ended.status == 12, ended.text
    assert "2_c failed" in ended.err
    assert "23503" in ended.err
    assert "COMMIT" in ended.err
    assert names(database) == ["1_p"]


def test_d1_a_statement_without_a_position_is_not_run_again_where_that_only_costs_locks(
    lab: Lab, database: Database, postgres: PostgresServer
) -> None:
    """55P03, 57014, 40P01 have no position either; a second run of the script would take its locks once more."""
    database.set(log_statement="all")
    lab.write("1_m", "SELECT 'once' AS only, pg_sleep(5);")
    mark = postgres.log_mark()
    ended = lab.run("--statement-timeout=300ms")
    assert ended.status == 12, ended.text
    assert "57014" in ended.err
    lines = [line for line in postgres.log(mark).splitlines() if "SELECT 'once' AS only" in line]
    assert len(lines) == 2, lines  # the statement and, in the log of its error, the statement


# -- D2: what refuses a transaction -------------------------------------------------------------------------

PARTED = """CREATE TABLE parted (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE part1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE INDEX parted_a ON parted (a);
CREATE TABLE plain (a int PRIMARY KEY);
CREATE MATERIALIZED VIEW seen AS SELECT 1 AS x;
CREATE UNIQUE INDEX seen_x ON seen (x);
CREATE TYPE mood AS ENUM ('sad');
CREATE TABLE log (what text);
CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES ('a'); COMMIT;
INSERT INTO log VALUES ('b'); END $$;
"""
NET = {
    "CALL that commits": "CALL commits();",
    "DO that commits": "DO $$ BEGIN INSERT INTO log VALUES ('a'); COMMIT; INSERT INTO log VALUES ('b'); END $$;",
    "REINDEX TABLE of a partitioned one": "REINDEX TABLE parted;",
    "REINDEX INDEX of a partitioned one": "REINDEX INDEX parted_a;",
    "CLUSTER of a partitioned one": "CLUSTER parted USING parted_a;",
}
LISTED = {
    "VACUUM": "VACUUM plain;",
    "REINDEX (CONCURRENTLY)": "REINDEX (CONCURRENTLY) TABLE plain;",
    "REINDEX SCHEMA": "REINDEX SCHEMA public;",
    "CLUSTER": "CLUSTER;",
    "ALTER SYSTEM": "ALTER SYSTEM RESET work_mem;",
    "DETACH CONCURRENTLY": "ALTER TABLE parted DETACH PARTITION part1 CONCURRENTLY;",
    "DISCARD ALL": "DISCARD ALL;",
}
HARMLESS = {
    "REFRESH CONCURRENTLY": "REFRESH MATERIALIZED VIEW CONCURRENTLY seen;",
    "ANALYZE": "ANALYZE plain;",
    "CLUSTER t USING": "CLUSTER plain USING plain_pkey;",
    "REINDEX TABLE": "REINDEX TABLE plain;",
    "DISCARD TEMP": "DISCARD TEMP;",
    "CHECKPOINT": "CHECKPOINT;",
    "ADD VALUE": "ALTER TYPE mood ADD VALUE 'ok';",
}


@pytest.mark.parametrize("script", [*NET.values(), *LISTED.values()], ids=[*NET, *LISTED])
@pytest.mark.parametrize("place", ["alone", "inside"])
def test_d2_what_refuses_a_transaction_runs_alone(
    lab: Lab, database: Database, postgres: Server, script: str, place: str
) -> None:
    """25001 and 2D000; whether a CALL commits or a table is partitioned no splitter can know."""
    if postgres.major < 15 and ("parted" in script or "DETACH" in script):
        script = "VACUUM parted;"  # older servers know these statements for plain tables only
    if postgres.major < 14:
        script = script.replace("(CONCURRENTLY) TABLE", "TABLE CONCURRENTLY")
    lab.write("1_parted", PARTED)
    around = (
        script
        if place == "alone"
        else f"INSERT INTO log VALUES ('before');\n{script}\nINSERT INTO log VALUES ('after');"
    )
    lab.write("2_net", around)
    lab.write("3_next", "CREATE TABLE o3 (x int);")
    lab.good()
    assert names(database) == ["1_parted", "2_net", "3_next"]
    expected = ["a", "b"] if "commits" in script or "COMMIT" in script else []
    expected = ["before", *expected, "after"] if place == "inside" else expected
    assert [row[0] for row in database.rows("SELECT what FROM log ORDER BY ctid")] == expected


@pytest.mark.parametrize("script", HARMLESS.values(), ids=HARMLESS)
def test_d2_what_only_has_the_word_stays_in_its_transaction(lab: Lab, database: Database, script: str) -> None:
    """Taken out of its transaction it would lose the record's exactness for nothing."""
    lab.write("1_parted", PARTED)
    lab.write("2_fails", f"INSERT INTO log VALUES ('x');\n{script}\nSELECT 1 / 0;")
    ended = lab.run()
    assert ended.status == 12, ended.text
    assert database.value("SELECT count(*) FROM log") == 0
    lab.write("2_fails", script)
    lab.good()


@pytest.mark.parametrize("point", ["intent", "alone-sent", "alone-answered"])
def test_d2_a_net_statement_that_was_interrupted_is_understood(
    lab: Lab, database: Database, postgres: Server, point: str
) -> None:
    """The next run parses the file anew, and has to find the cut that only the server's answer had made."""
    lab.write("1_parted", PARTED)
    lab.good()
    net = "REINDEX TABLE parted;" if postgres.major >= 14 else "CALL commits();"  # before 14 it does nothing
    lab.write("2_net", f"INSERT INTO log VALUES ('before');\n{net}\nINSERT INTO log VALUES ('after');")
    assert lab.run(fault=f"{point}=kill").status == -9
    ended = lab.run()
    assert ended.status == 0 or (ended.status == 13 and "resolve --applied 2_net" in ended.err), ended.text
    assert database.value("SELECT count(*) FROM log WHERE what = 'before'") == 1
    assert database.value("SELECT count(*) FROM log WHERE what = 'after'") == (0 if ended.status else 1)


def test_d2_a_failure_behind_a_net_statement_goes_on_when_it_was_repaired(lab: Lab, database: Database) -> None:
    """The pieces that are in effect were cut by the server's answer; the repaired file has to be cut there too."""
    lab.write("1_parted", PARTED)
    lab.good()
    script = "INSERT INTO log VALUES ('before');\nCALL commits();\nSELECT 1 / 0;"
    lab.write("2_net", script)
    assert lab.run().status == 13
    lab.write("2_net", script.replace("1 / 0", "1"))
    lab.good()
    assert [row[0] for row in database.rows("SELECT what FROM log ORDER BY ctid")] == ["before", "a", "b"]


@pytest.mark.parametrize(
    "script",
    ["CALL commits();\nINSERT INTO log VALUES ('middle');\nCALL commits();",
     "BEGIN;\nINSERT INTO log VALUES ('own');\nCOMMIT;\nCALL commits();",
     "VACUUM plain;\nCALL commits();\nREINDEX TABLE parted;"],
    ids=["twice", "own transaction", "beside a listed one"],
)  # fmt: skip
def test_d2_the_net_is_under_every_piece(lab: Lab, database: Database, script: str) -> None:
    """A file that is cut already can have one more statement that only the server knows to refuse."""
    lab.write("1_parted", PARTED)
    lab.write("2_net", script)
    lab.good()
    assert database.value("SELECT count(*) FROM log WHERE what = 'b'") == script.count("CALL")
    assert names(database) == ["1_parted", "2_net"]


def test_d2_behind_a_pooler_the_net_refuses_and_leaves_nothing(lab: Lab, database: Database) -> None:
    """There it cannot run alone: no session is ours."""
    lab.write("1_parted", PARTED)
    lab.good()
    lab.write("2_net", "INSERT INTO log VALUES ('before');\nCALL commits();")
    ended = lab.run("--pooler=transaction")
    assert ended.status in {2, 12}, ended.text
    assert "DIRECT_DATABASE_URL" in ended.err
    assert database.value("SELECT count(*) FROM log") == 0
    lab.env["DIRECT_DATABASE_URL"] = database.url.replace("127.0.0.1", "localhost")
    lab.good("--pooler=transaction")
    assert database.value("SELECT count(*) FROM log") == 3


# -- D3: another role ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["SET LOCAL ROLE", "SET ROLE", "SET SESSION ROLE"])
@pytest.mark.parametrize("own", ["", "COMMIT;\nBEGIN;\n"])
def test_d3_a_script_that_works_as_another_role_is_recorded(
    lab: Lab, database: Database, postgres: Server, words: str, own: str
) -> None:
    """Our record stands in the script's transaction, and that role may not write it: 42501."""
    owner, _ = postgres.create_role(attributes="NOLOGIN")
    database.execute(f'GRANT CREATE ON SCHEMA public TO "{owner}"')
    lab.write("1_m", f'{own}{words} "{owner}";\nCREATE TABLE theirs (x int);')
    lab.write("2_m", "CREATE TABLE ours (x int);")
    lab.good()
    owners = dict(database.rows("SELECT tablename, tableowner FROM pg_tables WHERE tablename IN ('theirs', 'ours')"))
    assert owners == {"theirs": owner, "ours": postgres.superuser}
    assert names(database) == ["1_m", "2_m"]


# -- D4: no SQLSTATE at connect -----------------------------------------------------------------------------


def test_d4_a_database_that_is_made_seconds_later_is_waited_for(lab: Lab, postgres: Server) -> None:
    """A first installation makes role and database after the server: 3D000 is not the end."""
    name = "made_later"
    lab.url = postgres.url(name)
    lab.write("1_m", "CREATE TABLE t (x int);")
    run = lab.start()
    until(lambda: "does not exist" in run.err, "it says what it waits for")
    try:
        postgres.create_database(name)
        assert run.end().status == 0, run.err
    finally:
        postgres.drop_database(name)


def test_d4_a_password_that_is_set_seconds_later_is_waited_for(lab: Lab, database: Database, postgres: Server) -> None:
    """28P01 at first, for the same reason."""
    name, _ = postgres.create_role()
    lab.url = database.url_for(name, "later")
    lab.write("1_m", "CREATE TABLE t (x int);")
    database.execute(f'GRANT ALL ON SCHEMA public TO "{name}"')
    run = lab.start()
    until(lambda: "password authentication failed" in run.err, "it says what it waits for")
    postgres.execute(f"ALTER ROLE \"{name}\" PASSWORD 'later'")
    assert run.end().status == 0, run.err


def test_d4_the_servers_text_decides(lab: Lab, database: Database, postgres: Server) -> None:
    """psycopg2 gives no SQLSTATE for a failed connect: wrong credentials must not look like an absent server."""
    lab.write("1_m", "SELECT 1;")
    cases = {
        postgres.url("no_such_database"): AccessDeniedError,
        database.url_for("no_such_role", "x"): AccessDeniedError,
        database.url_for(postgres.superuser, "wrong"): AccessDeniedError,
        "postgresql://u:p@127.0.0.1:1/x": UnreachableError,
    }
    for url, kind in cases.items():
        with pytest.raises(kind):
            lockmaster.migrate(url, dir=str(lab.dir), wait_for_database=0.3)


# -- D5: poolers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["transaction", "session", "statement"])
def test_d5_a_pooler_is_seen_and_told(
    lab: Lab, postgres: PostgresServer, database: Database, make_pgbouncer: Callable[..., PgBouncer], mode: str
) -> None:
    """PgBouncer shows another pid than pg_backend_pid() in all its modes, and no query can tell them apart."""
    lab.url = make_pgbouncer(postgres, mode=mode).url(database.name)
    lab.write("1_m", "CREATE TABLE t (x int);")
    if mode == "statement":  # no transaction of several statements passes there: an error, never a wrong record
        assert lab.run("--wait-for-database=3s").status == 10
        assert database.value("SELECT to_regclass('t') IS NULL")
        return
    ended = lab.good("--verbose")
    assert "pooler" in ended.err
    quiet = lab.run("--deadline=5s", command="gate")
    assert quiet.status == 0, quiet.text


def test_d5_session_mode_is_fine_when_it_is_named(
    lab: Lab, postgres: PostgresServer, database: Database, make_pgbouncer: Callable[..., PgBouncer]
) -> None:
    """Refused at first, with the word that overrules it."""
    lab.url = make_pgbouncer(postgres, mode="session").url(database.name)
    lab.write("1_m", "CREATE TABLE t (x int);\nCREATE INDEX CONCURRENTLY t_x ON t (x);")
    ended = lab.run()
    assert ended.status == 2, ended.text
    assert "--pooler=session" in ended.err
    lab.good("--pooler=session")
    assert database.value("SELECT indisvalid FROM pg_index WHERE indrelid = 't'::regclass")


def test_d5_a_pooler_that_is_denied_ends_in_an_error_and_not_in_two_migrators(
    lab: Lab, postgres: PostgresServer, database: Database, make_pgbouncer: Callable[..., PgBouncer]
) -> None:
    """A session lock through a transaction pooler stays on a server connection that is not ours."""
    lab.url = make_pgbouncer(postgres, default_pool_size=4).url(database.name)
    lab.write("1_acc", "CREATE TABLE acc AS SELECT 10 AS n;")
    for number in range(2, 6):
        lab.write(f"{number}_double", f"SELECT pg_sleep(0.1);\nUPDATE acc SET n = n * 2;{' COMMIT;' * (number % 2)}")
    runs = [lab.start("--pooler=none", "--wait-for-turn=6s") for _ in range(4)]
    statuses = {run.end().status for run in runs}
    assert statuses <= {0, 11, 12, 13, 14, 10, 1}
    begun = database.value("SELECT to_regclass('lockmaster_history') IS NOT NULL")
    applied = (
        len(names(database)) if begun else 0
    )  # the first one's lock may stay where nobody finds it: all end with 11
    if applied:
        assert database.value("SELECT n FROM acc") == 10 * 2 ** (applied - 1)
    else:
        assert database.value("SELECT to_regclass('acc') IS NULL")
        assert 0 not in statuses


def test_d5_prismas_parameter_means_a_pooler(lab: Lab, database: Database) -> None:
    """?pgbouncer=true is what a Prisma URL says where a pooler hides itself."""
    lab.url = f"{database.url}?pgbouncer=true"
    lab.write("1_m", "CREATE TABLE t (x int);\nCREATE INDEX CONCURRENTLY t_x ON t (x);")
    assert lab.run().status == 2
    assert database.value("SELECT to_regclass('t') IS NULL")
    lab.good("--pooler=none")


def test_d5_history_reads_carry_no_load_balance(lab: Lab, database: Database, postgres: PostgresServer) -> None:
    """pgpool sends plain SELECTs to replicas: a history read, and a lock, on the wrong server."""
    database.set(log_statement="all")
    lab.write("1_m", "CREATE TABLE t (x int);")
    lab.good()
    mark = postgres.log_mark()
    lab.good()
    lines = [line for line in postgres.log(mark).splitlines() if "lockmaster_history" in line]
    assert lines
    assert all("/*NO LOAD BALANCE*/" in line for line in lines)


# -- D6: create at once -------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--pooler=none", "--pooler=transaction"])
def test_d6_a_history_that_somebody_else_makes_at_the_same_moment_is_no_failure(
    lab: Lab, database: Database, option: str
) -> None:
    """A Prisma without its lock creates the table between our look and our CREATE: 42P07, or 23505 on pg_type."""
    lab.write_prisma("20260101000001_m", "CREATE TABLE t (x int);")
    pause = lab.pause()
    run = lab.start(option, fault=pause.at("read-under-turn"))
    pause.wait()
    database.execute(PRISMA_TABLE)
    pause.let_go()
    ended = run.end()
    assert ended.status == 0, ended.text
    assert database.value("SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NOT NULL") == 1


def test_d6_an_uncommitted_create_of_somebody_else_is_waited_for(lab: Lab, database: Database) -> None:
    """Two CREATE TABLE at once meet in a unique index of the catalog: 23505 when the other one commits."""
    lab.write_prisma("20260101000001_m", "CREATE TABLE t (x int);")
    pause = lab.pause()
    run = lab.start(fault=pause.at("read-under-turn"))
    pause.wait()
    with database.connect() as other, other.cursor() as cursor:
        cursor.execute(f"BEGIN; {PRISMA_TABLE}")
        pause.let_go()
        until(
            lambda: database.value("SELECT count(*) FROM pg_locks WHERE NOT granted") or not run.running(), "it waits"
        )
        cursor.execute("COMMIT")
    ended = run.end()
    assert ended.status == 0, ended.text


@pytest.mark.parametrize("option", ["--pooler=none", "--pooler=transaction"])
def test_d6_two_histories_in_one_new_schema_at_once(lab: Lab, database: Database, option: str) -> None:
    """CREATE SCHEMA IF NOT EXISTS twice at the same moment: 23505 on pg_namespace_nspname_index."""
    lab.write_prisma("20260101000001_m", "CREATE TABLE IF NOT EXISTS t (x int);")
    pause = lab.pause()
    run = lab.start(option, url=f"{database.url}?schema=app", fault=pause.at("read-under-turn"))
    pause.wait()
    with database.connect() as other, other.cursor() as cursor:
        cursor.execute("BEGIN; CREATE SCHEMA app")
        pause.let_go()
        until(
            lambda: database.value("SELECT count(*) FROM pg_locks WHERE NOT granted") or not run.running(), "it waits"
        )
        cursor.execute("COMMIT")
    ended = run.end()
    assert ended.status == 0, ended.text
    assert database.value("SELECT count(*) FROM app._prisma_migrations") == 1


# -- D7: no table of ours before Prisma's -------------------------------------------------------------------


@pytest.mark.parametrize("script", ["SELECT 1 / 0;", "BEGIN;\nSELECT 1;\nCOMMIT;\nSELECT 1 / 0;", "VACUUM nothing;"])
def test_d7_nothing_but_prismas_table_is_ever_in_an_empty_schema(lab: Lab, database: Database, script: str) -> None:
    """A journal table of ours makes real Prisma see P3005, 'the database schema is not empty'."""
    lab.write_prisma("20260101000001_m", script)
    assert lab.run().status in {12, 13}
    tables = database.rows(
        "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    assert tables == [("_prisma_migrations",)]


@pytest.mark.parametrize(
    ("command", "options"), [("gate", ["--deadline=500ms"]), ("status", []), ("migrate", ["--dry-run"])]
)
def test_d7_looking_makes_no_table_at_all(lab: Lab, database: Database, command: str, options: list[str]) -> None:
    """Gate, status and the dry run are reads."""
    lab.write("1_m", "CREATE TABLE t (x int);")
    lab.run(*options, command=command)
    assert database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


# -- D8: the URL --------------------------------------------------------------------------------------------


def test_d8_prismas_parameters_do_not_stop_the_connection(lab: Lab, database: Database) -> None:
    """libpq refuses what it does not know: 'invalid URI query parameter'."""
    lab.url = (
        f"{database.url}?schema=app&connection_limit=5&pool_timeout=10&socket_timeout=3&sslmode=prefer"
        "&sslaccept=accept_invalid_certs&statement_cache_size=0&connect_timeout=5"
    )
    lab.write_prisma("20260101000001_m", "CREATE TABLE t (x int);")
    lab.good()
    assert database.value(
        "SELECT to_regclass('app.t') IS NOT NULL AND to_regclass('app._prisma_migrations') IS NOT NULL"
    )


def test_d8_prismas_certificate_is_the_authority() -> None:
    """Prisma's `sslcert` is the CA, libpq's is the client's certificate; strict means to check the name too."""
    parsed = urls.parse("postgresql://u:p@h/d?sslmode=require&sslcert=/ca.pem&sslaccept=strict")
    assert parsed.keywords["sslrootcert"] == "/ca.pem"
    assert parsed.keywords["sslmode"] == "verify-full"
    assert "sslcert" not in parsed.keywords
    assert urls.parse("postgresql://u:p@h/d?sslcert=/me.pem&sslkey=/me.key").keywords["sslcert"] == "/me.pem"


def test_d8_a_parameter_about_tls_that_nobody_knows_is_an_error_with_a_word_that_fits(
    lab: Lab, database: Database
) -> None:
    """Other clients' parameters mean nothing to us; one about TLS that is dropped is a safety that is not there."""
    lab.write("1_m", "SELECT 1;")
    ended = lab.run(url=f"{database.url}?sslmod=verify-full")
    assert ended.status == 2, ended.text
    assert "sslmode" in ended.err
    lab.good(url=f"{database.url}?charset=utf8&max_idle=3")


# -- D9: smaller --------------------------------------------------------------------------------------------


def test_d9_the_end_of_a_long_pod_name_is_kept(lab: Lab, database: Database) -> None:
    """application_name is cut to 63 bytes, and the unique part of a pod's name is its end."""
    pod = "a-deployment-with-a-rather-long-name-of-its-own-for-the-shop-7c9f8d6b5-x2x1b"
    lab.write("1_m", "CREATE TABLE seen AS SELECT current_setting('application_name') AS a;")
    ended = lab.run(env={"LOCKMASTER_POD": pod})
    assert ended.status == 0, ended.text
    seen = database.value("SELECT a FROM seen")
    assert len(seen) <= 63
    assert seen.startswith("lockmaster/")
    assert seen.endswith("-7c9f8d6b5-x2x1b")


@pytest.fixture
def reader(database: Database, postgres: Server) -> str:
    """Give the URL of a role that may read the history and nothing else."""
    name, password = postgres.create_role()
    database.execute(f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{name}"')
    database.execute(f'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO "{name}"')
    return database.url_for(name, password)


def test_d9_a_stranger_sees_who_works_and_on_what(lab: Lab, database: Database, reader: str) -> None:
    """A SELECT-only role sees application_name, and NULL for everything else in pg_stat_activity."""
    lab.write("1_m", "CREATE TABLE t (x int);")
    lab.good()
    lab.write("2_slow", "SELECT pg_sleep(20);")
    run = lab.start(env={"LOCKMASTER_POD": "shop-7c9f"})
    until(
        lambda: (
            database.value("SELECT count(*) FROM pg_stat_activity WHERE query ~ 'pg_sleep.20' AND state = 'active'") > 1
        ),
        "it runs",
    )
    status = lab.good(url=reader, command="status")
    assert "shop-7c9f" in status.out
    gate = lab.run("--deadline=1s", url=reader, command="gate")
    assert gate.status == 3, gate.text
    assert "2_slow" in gate.err
    assert run.running()


def test_d9_a_gate_needs_select_only_and_two_statements(
    lab: Lab, database: Database, postgres: PostgresServer, reader: str
) -> None:
    """No lock, no write, no DDL; a database with another DateStyle makes psycopg2 add one of its own."""
    lab.write("1_m", "CREATE TABLE t (x int);")
    lab.good()
    database.set(log_statement="all", datestyle="German, DMY", intervalstyle="sql_standard")
    for command in ("gate", "migrate"):
        mark = postgres.log_mark()
        lab.good(url=reader, command=command)
        log = postgres.log(mark)
        ours = [line for line in log.splitlines() if "statement:" in line and "datestyle" not in line.lower()]
        assert len(ours) <= 2, ours
        assert log.count("connection authorized") <= 1


def test_d9_times_are_read_whatever_the_datestyle(lab: Lab, database: Database) -> None:
    """A German date is no ISO date, and must not end up as a wrong day."""
    database.set(datestyle="German, DMY", timezone="Asia/Kolkata", intervalstyle="postgres_verbose")
    lab.write("1_m", "CREATE TABLE t (x int);")
    lab.good()
    report = lockmaster.status(database.url, dir=str(lab.dir))
    utc = database.value(
        "SELECT to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI') FROM lockmaster_history"
    )
    assert report.rows[0].applied_at.startswith(utc)
    assert report.rows[0].applied_at.endswith("Z")


def test_d9_a_schema_that_may_not_be_used_is_not_an_empty_database(
    lab: Lab, database: Database, postgres: Server, reader: str
) -> None:
    """Unqualified it is 42P01, as if nothing had ever been applied."""
    lab.write_prisma("20260101000001_m", "CREATE TABLE t (x int);")
    lab.good()
    database.execute("REVOKE USAGE ON SCHEMA public FROM public")
    for command in ("gate", "status", "migrate"):
        ended = lab.run("--deadline=2s" if command != "status" else "--json", url=reader, command=command)
        assert ended.status == 16, ended.text


def test_d9_the_native_history_behind_a_closed_schema_is_not_an_empty_database(
    lab: Lab, database: Database, reader: str
) -> None:
    """The same for a table that the search path has to find."""
    lab.write("1_m", "CREATE TABLE t (x int);")
    lab.good()
    database.execute("REVOKE USAGE ON SCHEMA public FROM public")
    for command in ("gate", "status", "migrate"):
        ended = lab.run("--deadline=2s" if command != "status" else "--json", url=reader, command=command)
        assert ended.status == 16, ended.text


def test_d9_statement_timeout_counts_each_statement(lab: Lab, database: Database) -> None:
    """Three statements of half a second pass at 0.7 s, also in one message."""
    lab.write("1_m", "SELECT pg_sleep(0.4);\nSELECT pg_sleep(0.4);\nSELECT pg_sleep(0.4);")
    lab.good("--statement-timeout=800ms")
    assert names(database) == ["1_m"]


# -- D9: a standby ------------------------------------------------------------------------------------------


@pytest.fixture
def standby(make_server: Callable[..., PostgresServer]) -> tuple[PostgresServer, PostgresServer]:
    """Give a primary and its hot standby."""
    trusting = "local all all trust\nhost all all all scram-sha-256\nlocal replication all trust\nhost replication all all trust\n"
    primary = make_server(wal_level="replica", max_wal_senders=4, hba=trusting, max_replication_slots=4)
    primary.create_database("app")
    second = make_server(source=primary.name)
    second.stop("immediate")
    from tests.support import unprivileged
    from tests.support.home import remove

    remove(second.data)
    argv = [str(sources.program("pg_basebackup", primary.name)), "-D", str(second.data), "-h", primary.host, "-p",
            str(primary.port), "-U", "postgres", "-c", "fast", "-X", "stream"]  # fmt: skip
    unprivileged.run(argv, cwd=second.folder, env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
    # not by -R: a newer pg_basebackup writes words that an older server's library does not know
    (second.data / "standby.signal").touch()
    second.configure(primary_conninfo=f"host={primary.host} port={primary.port} user=postgres")
    second.start()
    until(lambda: second.rows("SELECT pg_is_in_recovery()") == [(True,)], "it is a standby")
    return primary, second


def test_d9_c5_a_standby_is_good_for_a_gate_and_never_for_a_turn(
    lab: Lab, standby: tuple[PostgresServer, PostgresServer]
) -> None:
    """There a try-lock is true (it has a lock space of its own), LISTEN is 25006, and BEGIN READ WRITE is 0A000."""
    primary, second = standby
    lab.write("1_m", "CREATE TABLE t (x int);")
    gate = lab.start("--deadline=30s", command="gate", url=second.url("app"))
    until(lambda: "waiting for the schema" in gate.err, "the gate waits at the standby")
    lab.good(url=primary.url("app"))
    assert gate.end().status == 0, gate.err
    lab.good(url=second.url("app"))  # nothing pending: a standby will do
    assert "1_m" in lab.good(url=second.url("app"), command="status").out
    lab.write("2_m", "CREATE TABLE u (x int);")
    ended = lab.run("--wait-for-database=2s", url=second.url("app"))
    assert ended.status == 10, ended.text
    assert "standby" in ended.err
    assert primary.rows("SELECT count(*) FROM lockmaster_history", "app") == [(1,)]


def test_d9_a_standby_that_is_promoted_takes_the_waiting_run(
    lab: Lab, standby: tuple[PostgresServer, PostgresServer]
) -> None:
    """A failover in the middle of a roll-out: the name leads to what is the primary a moment later."""
    primary, second = standby
    lab.write("1_m", "CREATE TABLE t (x int);")
    run = lab.start(url=second.url("app"))
    until(lambda: "standby" in run.err, "it says what it waits for")
    primary.stop("immediate")
    second.execute("SELECT pg_promote()")
    assert run.end().status == 0, run.err
    assert second.rows("SELECT count(*) FROM lockmaster_history", "app") == [(1,)]
