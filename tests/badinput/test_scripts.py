"""Scripts that fail, and scripts that look as if they would."""

import sqlite3
from typing import Any

import pytest

from lockmaster.errors import Exit
from tests.badinput.expecting import check_json, fails
from tests.facts.lab import Lab
from tests.support.database import Database
from tests.support.postgres import Server

FAILED = Exit.FAILED
LONG = "".join(f"INSERT INTO t VALUES ({number}); -- ünï {number}\n" for number in range(2, 3000))


def names(lab: Lab) -> list[Any]:
    """The migrations that are recorded as applied."""
    sql = "SELECT name FROM lockmaster_history WHERE applied_at IS NOT NULL ORDER BY version"
    return [row[0] for row in ask(lab, sql)]


def ask(lab: Lab, sql: str) -> list[Any]:
    if lab.url.startswith("sqlite"):
        connection = sqlite3.connect(lab.home / "app.db")
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()
    import psycopg2

    server = psycopg2.connect(lab.url)
    cursor = server.cursor()
    cursor.execute(sql)
    found = cursor.fetchall()
    server.close()
    return found


@pytest.mark.parametrize("first", ["", "\ufeff"], ids=["plain", "BOM"])
@pytest.mark.parametrize("own", ["", "BEGIN;\n"], ids=["plain", "own transaction"])
def test_a_syntax_error_far_down_shows_its_line(either: Lab, first: str, own: str) -> None:
    either.write("1_m", "CREATE TABLE t (x int);")
    either.write("2_long", f"{first}{own}{LONG}\n\nCREATE TABEL nope (x int);\n{LONG}")
    line = 1 + len(own.splitlines()) + LONG.count("\n") + 2
    text = fails(either, FAILED)
    assert f"2_long failed at line {line}" in text
    assert "CREATE TABEL nope (x int)" in text
    assert names(either) == ["1_m"]
    assert ask(either, "SELECT count(*) FROM t") == [(0,)]


def test_an_unknown_table_far_down_shows_its_line(either: Lab) -> None:
    either.write("1_m", "CREATE TABLE t (x int);")
    either.write("2_long", f"{LONG}INSERT\n  INTO nowhere\nVALUES (1);\n")
    text = fails(either, FAILED)
    line = LONG.count("\n") + 1
    assert f"2_long failed at line {line}" in text or f"2_long failed at line {line + 1}" in text
    assert "nowhere" in text
    assert "INSERT INTO nowhere VALUES (1)" in text


@pytest.mark.parametrize("option", ["--pooler=none", "--pooler=transaction"])
def test_a_runtime_error_without_a_position_names_its_statement(lab: Lab, option: str) -> None:
    lab.write("1_m", "CREATE TABLE t (x int PRIMARY KEY);")
    lab.write("2_m", "INSERT INTO t VALUES (1);\n\nINSERT INTO t\nVALUES (1);\nINSERT INTO t VALUES (2);")
    text = fails(lab, FAILED, option)
    assert "line 3" in text
    assert "INSERT INTO t VALUES (1)" in text
    assert "23505" in text
    assert names(lab) == ["1_m"]


def test_a_runtime_error_on_sqlite_names_its_statement(lite: Lab) -> None:
    lite.write("1_m", "CREATE TABLE t (x int PRIMARY KEY);")
    lite.write("2_m", "INSERT INTO t VALUES (1);\n\nINSERT INTO t\nVALUES (1);\nINSERT INTO t VALUES (2);")
    text = fails(lite, FAILED)
    assert "line 3" in text
    assert "UNIQUE" in text
    assert names(lite) == ["1_m"]


def test_an_error_in_a_piece_shows_the_line_of_the_file(lab: Lab) -> None:
    lab.write("1_m", "CREATE TABLE t (x int);\nCREATE INDEX CONCURRENTLY t_x ON t (x);\nINSERT INTO t\nVALUES ('x');")
    text = fails(lab, Exit.HALF_DONE)
    assert "line 4" in text
    assert "line 3" in text  # from there on it has to be repaired
    assert "resolve --rolled-back 1_m" in text


def test_a_secret_in_a_script_that_fails_is_not_shown(lab: Lab) -> None:
    """The statement is quoted in the error, the log of the pod is read by many."""
    lab.write("1_m", "CREATE ROLE app LOGIN PASSWORD 'S3cr3t!pw';")
    fails(lab, FAILED, hint="privilege")
    lab.write("1_m", "CREATE ROLE app LOGIN PASSWORD 'S3cr3t!pw' NONSENSE;")
    fails(lab, FAILED)


def test_the_error_in_json_has_its_parts(lab: Lab) -> None:
    lab.write("1_m", "SELECT 1;\nSELECT 1 / 0;")
    error = check_json(lab.run("--log-format=json"), FAILED)
    assert error["code"] == "migration-failed"
    assert error["details"]["migration"] == "1_m"
    assert error["details"]["sqlstate"] == "22012"
    assert error["details"]["statement"] == "SELECT 1 / 0"
    assert error["details"]["line"].startswith("2")
    assert error["details"]["in the database now"] == "nothing of this migration"


def test_a_huge_error_keeps_its_last_words_short(lab: Lab) -> None:
    wide = "ü€😀" * 3000
    lab.write("1_m", f"DO $$ BEGIN RAISE EXCEPTION '{wide}' USING DETAIL = '{wide}', HINT = '{wide}'; END $$;")
    ended = lab.run()
    assert ended.status == FAILED, ended.text
    assert len(ended.last_words) <= 4096
    assert b"1_m" in ended.last_words
    ended.last_words.decode()


def test_an_error_of_many_lines_is_told_in_one(lab: Lab) -> None:
    lab.write("1_m", "DO $$ BEGIN RAISE EXCEPTION E'one\\ntwo\\x1b[31mthree\\rfour'; END $$;")
    fails(lab, FAILED)


@pytest.mark.parametrize(
    "script",
    ["\\connect other", "COPY t FROM stdin;\n1\n\\.", "COPY t TO STDOUT;", "SELECT 'open", "/* open", "SELECT $$open",
     "PREPARE TRANSACTION 'x';"],
)  # fmt: skip
def test_what_no_server_can_be_sent_is_refused_with_its_line(lab: Lab, database: Database, script: str) -> None:
    lab.write("1_m", "CREATE TABLE t (x int);")
    lab.write("2_m", f"CREATE TABLE u (x int);\n{script}")
    assert "2_m.sql:2" in fails(lab, Exit.USAGE)
    assert database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


# -- not bad at all -----------------------------------------------------------------------------------------


def test_a_script_with_its_own_commit(either: Lab) -> None:
    either.write("1_m", "BEGIN;\nCREATE TABLE t (x int);\nCOMMIT;\nINSERT INTO t VALUES (1);")
    either.write("2_m", "INSERT INTO t VALUES (2);\nCOMMIT;")
    either.good()
    assert ask(either, "SELECT x FROM t ORDER BY x") == [(1,), (2,)]
    assert names(either) == ["1_m", "2_m"]


@pytest.mark.parametrize(
    "script",
    ["SET search_path = pg_catalog;", "SELECT pg_catalog.set_config('search_path', '', false);",
     "SET LOCAL search_path = '';", "SET ROLE pg_monitor;", "SET LOCAL ROLE pg_monitor;"],
)  # fmt: skip
def test_a_script_that_changes_search_path_or_role(lab: Lab, database: Database, postgres: Server, script: str) -> None:
    role = psycopg_user(lab)
    postgres.execute(f'GRANT pg_monitor TO "{role}"')
    lab.write("1_m", f"CREATE TABLE t (x int);\n{script}")
    lab.write("2_m", "INSERT INTO t VALUES (1);")
    lab.good()
    assert names(lab) == ["1_m", "2_m"]
    assert database.value("SELECT count(DISTINCT applied_by) FROM lockmaster_history") == 1


def psycopg_user(lab: Lab) -> str:
    import psycopg2.extensions

    return str(psycopg2.extensions.parse_dsn(lab.url)["user"])


@pytest.mark.parametrize("tail", ["-- no newline", "/* no newline */", ""])
def test_a_last_line_without_newline(either: Lab, tail: str) -> None:
    either.write("1_m", f"CREATE TABLE t (x int)\n{tail}")
    either.write("2_m", f"INSERT INTO t VALUES (1){tail}")
    either.good()
    assert names(either) == ["1_m", "2_m"]
    assert ask(either, "SELECT x FROM t") == [(1,)]


def test_a_nul_byte(either: Lab) -> None:
    either.write("1_m", b"CREATE TABLE t (x int);\n\0")
    assert "1_m.sql:2" in fails(either, Exit.USAGE)


def test_a_byte_order_mark(either: Lab) -> None:
    either.write("1_m", b"\xef\xbb\xbfCREATE TABLE t (x int);")
    either.good()
    assert names(either) == ["1_m"]


@pytest.mark.parametrize("script", ["", "\n", "-- nothing\n", "/* nothing */", ";;\n;", "\ufeff"])
def test_a_script_with_nothing_in_it(either: Lab, script: str) -> None:
    either.write("1_m", script)
    either.good()
    assert names(either) == ["1_m"]


def test_windows_line_ends(either: Lab) -> None:
    either.write("1_m", "CREATE TABLE t (\r\n  x int\r\n);\r\n-- end\r\nINSERT INTO t VALUES (1);\r\n")
    either.good()
    assert ask(either, "SELECT x FROM t") == [(1,)]


def test_the_server_s_hint_took_the_place_of_ours(lab: Lab) -> None:
    """The next act is always told; what the server advises stands beside it."""
    lab.write("1_m", "SELECT 1 WHERE now() = 'today'::text;")
    text = fails(lab, FAILED, hint="repair the migration and run again")
    assert "the server's hint    No operator matches" in text
