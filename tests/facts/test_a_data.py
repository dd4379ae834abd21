"""A1 to A3: data lost, or a migration in effect twice or not at all."""

import hashlib
import sqlite3

import pytest

from tests.facts.lab import Lab, busy, until
from tests.support.database import Database

REDEFINE = """-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_User" ("id" INTEGER NOT NULL PRIMARY KEY, "name" TEXT NOT NULL DEFAULT '');
INSERT INTO "new_User" ("id") SELECT "id" FROM "User";
DROP TABLE "User";
ALTER TABLE "new_User" RENAME TO "User";
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
"""
USERS = """CREATE TABLE "User" ("id" INTEGER NOT NULL PRIMARY KEY);
CREATE TABLE "Post" ("id" INTEGER NOT NULL PRIMARY KEY,
    "user" INTEGER NOT NULL REFERENCES "User" ("id") ON DELETE CASCADE);
INSERT INTO "User" VALUES (1), (2), (3);
INSERT INTO "Post" VALUES (1, 1), (2, 2), (3, 3);
"""


def rows(lite: Lab, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(lite.home / "app.db")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


# -- A1: SQLite ---------------------------------------------------------------------------------------------


def test_a1_prismas_table_rebuild_keeps_the_rows_of_the_children(lite: Lab) -> None:
    """Inside a transaction `PRAGMA foreign_keys=OFF` does nothing, and the DROP would cascade."""
    lite.write_prisma("20260101000001_init", USERS, "sqlite")
    lite.write_prisma("20260101000002_redefine", REDEFINE, "sqlite")
    lite.good()
    assert rows(lite, 'SELECT count(*) FROM "Post"') == [(3,)]
    assert rows(lite, "PRAGMA foreign_key_check") == []
    assert rows(lite, "SELECT name FROM pragma_table_info('User')") == [("id",), ("name",)]


def test_a1_a_data_migration_cascades_as_it_does_with_prisma(lite: Lab) -> None:
    """Python's library has foreign_keys off: a DELETE would leave orphans where Prisma's cascades."""
    lite.write("1_init", USERS)
    lite.write("2_delete", 'DELETE FROM "User" WHERE id = 1;')
    lite.good()
    assert rows(lite, 'SELECT id FROM "Post"') == [(2,), (3,)]


def test_a1_a_script_that_would_leave_orphans_is_rolled_back(lite: Lab) -> None:
    """With foreign keys off nothing in SQLite stops a rebuild that loses a parent."""
    lite.write("1_init", USERS)
    lite.write("2_loses", REDEFINE.replace('FROM "User";', 'FROM "User" WHERE id > 1;'))
    ended = lite.run()
    assert ended.status == 12, ended.text
    assert rows(lite, 'SELECT count(*) FROM "User"') == [(3,)]
    assert rows(lite, "SELECT name FROM lockmaster_history") == [("1_init",)]


def test_a1_data_statements_beside_a_rebuild_lose_no_integrity(lite: Lab) -> None:
    """A DELETE outside the OFF..ON span runs with foreign keys off too, and would not cascade."""
    lite.write("1_init", USERS)
    lite.write("2_both", 'DELETE FROM "User" WHERE id = 1;\n' + REDEFINE)
    ended = lite.run()
    left = rows(lite, 'SELECT count(*) FROM "User"'), rows(lite, 'SELECT count(*) FROM "Post"')
    expected = {0: ([(2,)], [(2,)]), 12: ([(3,)], [(3,)])}  # cascaded, or refused: never an orphan
    assert left == expected[ended.status], ended.text
    assert rows(lite, "PRAGMA foreign_key_check") == []


def test_a1_nobody_else_can_write_in_the_middle_of_a_script(lite: Lab) -> None:
    """`executescript()` commits first, and another process gets BEGIN IMMEDIATE while the script runs."""
    lite.write("1_two", "CREATE TABLE a (x);\nCREATE TABLE b (x);")
    pause = lite.pause()
    run = lite.start(fault=pause.at("statement"))
    pause.wait()
    other = sqlite3.connect(lite.home / "app.db", timeout=0, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.close()
    pause.let_go()
    assert run.end().status == 0, run.err


@pytest.mark.parametrize(
    ("script", "question", "answer"),
    [
        ("PRAGMA journal_mode=WAL;", "PRAGMA journal_mode", "wal"),
        ("PRAGMA page_size=8192;\nVACUUM;", "PRAGMA page_size", 8192),
        ("PRAGMA auto_vacuum=FULL;\nVACUUM;", "PRAGMA auto_vacuum", 1),
        ("PRAGMA user_version=7;", "PRAGMA user_version", 7),
        ("BEGIN;\nCREATE TABLE b (x);\nCOMMIT;", "SELECT count(*) FROM b", 0),
    ],
    ids=["journal_mode", "page_size", "auto_vacuum", "user_version", "begin"],
)
def test_a1_what_a_transaction_ignores_or_refuses_takes_effect(
    lite: Lab, script: str, question: str, answer: object
) -> None:
    """In a transaction some PRAGMAs, VACUUM and BEGIN are errors, and others silently do nothing."""
    lite.write("1_init", "CREATE TABLE a (x);")
    lite.write("2_special", f"INSERT INTO a VALUES (1);\n{script}\nINSERT INTO a VALUES (2);")
    lite.good()
    assert rows(lite, question) == [(answer,)]
    assert rows(lite, "SELECT x FROM a") == [(1,), (2,)]


# -- A2: a message cut short --------------------------------------------------------------------------------


def test_a2_a_comment_without_newline_at_the_end_hides_nothing_of_ours(lab: Lab, database: Database) -> None:
    """`-- comment` at the end of a file swallows the record and the COMMIT that follow on its line."""
    for number in range(1, 5):
        lab.write(f"{number}_m", f"CREATE TABLE t{number} (x int)\n-- the end of {number}")
    lab.good()
    assert database.value("SELECT count(*) FROM lockmaster_history WHERE applied_at IS NOT NULL") == 4
    assert database.value("SELECT count(*) FROM pg_tables WHERE tablename ~ '^t[1-4]$'") == 4


@pytest.mark.parametrize(
    "tail", ["-- no newline", "/* closed */", "--", "SELECT 1", ";;;", "SELECT 1;--;", "\n\n-- x\n--"]
)
def test_a2_whatever_a_file_ends_in_the_record_is_written(lab: Lab, database: Database, tail: str) -> None:
    """38 of 616 real files have no final semicolon; our text after them must not become part of them."""
    lab.write("1_m", f"CREATE TABLE t (x int);\n{tail}")
    lab.write("2_m", f"ALTER TABLE t ADD COLUMN y int;\n{tail}")
    lab.good()
    assert database.rows("SELECT name FROM lockmaster_history ORDER BY version") == [("1_m",), ("2_m",)]


@pytest.mark.parametrize("before", ["", "-- ", "SELECT '"])
def test_a2_a_nul_byte_is_refused_before_anything_runs(lab: Lab, database: Database, before: str) -> None:
    """psycopg2 hands over a C string: what stands after NUL is never sent, and nobody says so."""
    lab.write("1_good", "CREATE TABLE good (x int);")
    lab.write("2_nul", f"CREATE TABLE t (x int);\n{before}\0'; INSERT INTO t VALUES (1);")
    ended = lab.run()
    assert ended.status == 2, ended.text
    assert "2_nul.sql:2" in ended.err
    assert database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


@pytest.mark.parametrize("opened", ["/* never closed", "SELECT 'never closed", "DO $x$ BEGIN", 'SELECT 1 AS "x'])
def test_a2_an_open_quote_cannot_swallow_the_record(lab: Lab, database: Database, opened: str) -> None:
    """Text that is still open at the end of a file would take our record for its own."""
    lab.write("1_good", "CREATE TABLE good (x int);")
    lab.write("2_open", f"CREATE TABLE t (x int);\n{opened}")
    assert lab.run().status in {2, 12}
    assert database.value("SELECT to_regclass('t') IS NULL")
    lab.write("2_open", "CREATE TABLE t (x int);")
    lab.good()
    assert database.value("SELECT count(*) FROM lockmaster_history") == 2


def test_a2_a_quote_that_only_the_server_sees_open_fails_and_leaves_nothing(lab: Lab, database: Database) -> None:
    """With standard_conforming_strings off, a backslash at the end of a literal keeps it open over our record."""
    database.set(standard_conforming_strings="off")
    lab.write("1_open", "CREATE TABLE t (x text);\nINSERT INTO t VALUES ('a\\');")
    lab.write("2_next", "CREATE TABLE u (x text);")
    assert lab.run().status == 12
    assert database.value("SELECT to_regclass('t') IS NULL AND to_regclass('u') IS NULL")


def test_a2_a_byte_order_mark_is_not_run_and_is_in_the_checksum(lab: Lab, database: Database) -> None:
    """A BOM is a syntax error to the server, and a part of the file to everybody who hashes it."""
    script = b"\xef\xbb\xbfCREATE TABLE t (x int);\n"
    lab.write("1_bom", script)
    lab.write("2_bom", b"\xef\xbb\xbfBEGIN;\nCREATE TABLE u (x int);\nCOMMIT;\nCREATE TABLE v (x int);")
    lab.good()
    assert database.value("SELECT count(*) FROM pg_tables WHERE tablename IN ('t', 'u', 'v')") == 3
    stored = database.value("SELECT sha256 FROM lockmaster_history WHERE version = 1")
    assert stored == hashlib.sha256(script).hexdigest()


# -- A3: failed rows of Prisma ------------------------------------------------------------------------------

FIRST, SECOND = "20260101000001_init", "20260101000002_double"
DOUBLE = "UPDATE acc SET n = n * 2;"
TELLS = f"CREATE TABLE told (x int);\n{DOUBLE}"


def failed_row(database: Database, *, steps: int = 0, logs: str | None = None) -> None:
    """Leave the row that Prisma leaves: the same one when it is killed before the script and after its commit."""
    shown = "NULL" if logs is None else f"'{logs}'"
    database.execute(
        "INSERT INTO _prisma_migrations (id, checksum, migration_name, logs, applied_steps_count)"
        f" VALUES ('left-by-prisma', 'x', '{SECOND}', {shown}, {steps})"
    )


@pytest.fixture
def doubling(lab: Lab, database: Database) -> Lab:
    """Give a Prisma folder whose first migration is applied: acc holds 10."""
    lab.write_prisma(FIRST, "CREATE TABLE acc (n int);\nINSERT INTO acc VALUES (10);")
    lab.good()
    assert database.value("SELECT n FROM acc") == 10
    return lab


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("logs", [None, "ERROR: something"])
def test_a3_row_left_by_a_killed_prisma_is_not_applied_twice(
    doubling: Lab, database: Database, *, committed: bool, logs: str | None
) -> None:
    """Killed before the script and killed after its commit leave the same row: nobody can know, so a person must."""
    doubling.write_prisma(SECOND, DOUBLE)
    if committed:
        database.execute(DOUBLE)
    failed_row(database, logs=logs)
    ended = doubling.run()
    assert ended.status == 13, ended.text
    assert f"resolve --applied {SECOND}" in ended.err
    assert database.value("SELECT n FROM acc") == (20 if committed else 10)


def test_a3_a_script_that_betrays_its_repeat_is_applied_when_nothing_of_it_is_there(
    doubling: Lab, database: Database
) -> None:
    """A first statement that fails when it was done before makes the repeat safe, and so a pod need not wait."""
    doubling.write_prisma(SECOND, TELLS)
    failed_row(database)
    doubling.good()
    assert database.value("SELECT n FROM acc") == 20
    state = "SELECT count(*) FILTER (WHERE rolled_back_at IS NOT NULL), count(*) FILTER (WHERE finished_at IS NOT NULL)"
    assert database.rows(f"{state} FROM _prisma_migrations WHERE migration_name = '{SECOND}'") == [(1, 1)]


def test_a3_a_script_that_betrays_its_repeat_is_not_applied_when_it_was(doubling: Lab, database: Database) -> None:
    """The repeat fails with 42P07 and rolls back: then it had committed, and a person says so."""
    doubling.write_prisma(SECOND, TELLS)
    database.execute(TELLS)
    failed_row(database)
    ended = doubling.run()
    assert ended.status == 13, ended.text
    assert "42P07" in ended.err
    assert database.value("SELECT n FROM acc") == 20
    doubling.good("--applied", SECOND, command="resolve")
    doubling.good()
    assert database.value("SELECT n FROM acc") == 20


@pytest.mark.parametrize(
    "first",
    ["CREATE TABLE IF NOT EXISTS told (x int);", "CREATE OR REPLACE VIEW told AS SELECT 1;",
     "DROP TABLE IF EXISTS gone;", "ALTER TABLE acc ALTER COLUMN n SET DEFAULT 1;",
     "ALTER TABLE acc ADD COLUMN IF NOT EXISTS m int;"],
)  # fmt: skip
def test_a3_ddl_that_can_be_repeated_proves_nothing(doubling: Lab, database: Database, first: str) -> None:
    """IF NOT EXISTS and OR REPLACE succeed a second time, and what stands after them would be done twice."""
    script = f"{first}\n{DOUBLE}"
    doubling.write_prisma(SECOND, script)
    database.execute(script)
    failed_row(database)
    assert doubling.run().status == 13
    assert database.value("SELECT n FROM acc") == 20


def test_a3_a_row_with_a_step_is_finished_and_its_script_not_run(doubling: Lab, database: Database) -> None:
    """Prisma counts the step after the script's commit: such a row only lacks its end."""
    doubling.write_prisma(SECOND, DOUBLE)
    database.execute(DOUBLE)
    failed_row(database, steps=1)
    doubling.good()
    assert database.value("SELECT n FROM acc") == 20
    assert database.value(f"SELECT finished_at IS NOT NULL FROM _prisma_migrations WHERE migration_name = '{SECOND}'")


def test_a3_recover_never_asks_even_where_a_repeat_would_be_safe(doubling: Lab, database: Database) -> None:
    """A team that wants every interrupted migration looked at gets that."""
    doubling.write_prisma(SECOND, TELLS)
    failed_row(database)
    assert doubling.run("--recover=never").status == 13
    assert database.value("SELECT n FROM acc") == 10


def test_a3_a_living_prisma_without_its_lock_is_seen(doubling: Lab, database: Database) -> None:
    """With PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK a Prisma that works on the script has no lock to be seen by."""
    script = "CREATE TABLE told (x text);\nINSERT INTO told SELECT pg_sleep(60)::text;"
    doubling.write_prisma(SECOND, script)
    failed_row(database)
    with busy(database, script) as pid:
        ended = doubling.run()
    assert ended.status == 11, ended.text
    assert f"pid {pid}" in ended.err


def test_a3_a_failed_row_seen_before_the_turn_is_no_verdict(doubling: Lab, database: Database) -> None:
    """A row without an end may belong to a Prisma that is in the middle of it, with the lock in its hand."""
    doubling.write_prisma(SECOND, DOUBLE)
    with database.connect() as prisma, prisma.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(72707369)")
        failed_row(database)
        run = doubling.start()
        until(lambda: "waiting for the turn" in run.err, "it waits")
        cursor.execute(DOUBLE)
        cursor.execute(
            "UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = 'left-by-prisma'"
        )
        assert run.running()
    ended = run.end()
    assert ended.status == 0, ended.text
    assert database.value("SELECT n FROM acc") == 20
