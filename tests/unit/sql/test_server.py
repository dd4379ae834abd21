"""The real server as judge: a script in one message does what our statements and segments do one by one."""

import re

import psycopg2.errors
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from lockmaster.sql.postgres import cut_alone, parse, split
from tests.support.database import Database

VALUES = (
    *(
        "'a;b'",
        r"E'\';'",
        "E'a'\n'\\';'",
        "$$;$$",
        "$a$ $$;$$ $a$",
        "U&'\\0061;'",
        "'it''s;'",
        "N';'",
        "';' /* ; /* ; */ */",
    ),
    *(
        "'größe;'",
        "'x' -- ; '\n",
        "(SELECT ';' WHERE 1 <-- ;\n 2)",
        "'a' || ';' /*'*/",
        "(';')",
        "$é$;$é$",
        "'\\'",
    ),
)
GLUE = (";", " ;\n", ";\r\n", ";;", "; -- ;\n", " /* ; */ ;", ";/* /* ; */ */")
INSERT = "INSERT INTO log (v) SELECT"
LOG = "CREATE TABLE log (n serial, v text)"
ATOMIC = "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END"
# Each counts as one row, and each holds a `;` that ends nothing.
BODIES = (
    "WITH x AS (INSERT INTO log (v) VALUES (';') RETURNING v) SELECT * FROM x",
    ATOMIC,
    "CREATE OR REPLACE RULE r AS ON UPDATE TO log DO ALSO (SELECT ';'; SELECT 2)",
    "DO $d$ BEGIN INSERT INTO log (v) VALUES ('do;'); END; $d$",
)


@settings(max_examples=60, database=None, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(VALUES), st.sampled_from(GLUE)), min_size=1, max_size=12))
def test_server_reads_as_many_statements_and_the_same(database: Database, parts: list[tuple[str, str]]) -> None:
    script = "".join(f"INSERT INTO log (v) SELECT {value}{glue}" for value, glue in parts)
    raw = script.encode()
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS log; {LOG}")
        cursor.execute(script)
        cursor.execute("SELECT n, v FROM log ORDER BY n")
        in_one_message = cursor.fetchall()
        cursor.execute(f"DROP TABLE log; {LOG}")
        for found in split(raw):
            cursor.execute(raw[found.start : found.end])
        cursor.execute("SELECT n, v FROM log ORDER BY n")
        assert cursor.fetchall() == in_one_message
    assert len(in_one_message) == len(parts) == parse(raw).statements


def test_server_accepts_each_body_as_one_statement(database: Database) -> None:
    bodies = [body for body in BODIES if database.server.major >= 14 or body != ATOMIC]
    raw = (";\n".join((LOG, *bodies)) + ";").encode()
    found = list(split(raw))
    assert len(found) == 1 + len(bodies)
    with database.connect() as connection, connection.cursor() as cursor:
        for statement in found:
            cursor.execute(raw[statement.start : statement.end])
    assert database.value("SELECT count(*) FROM log") == 2


@pytest.mark.parametrize(
    "script",
    [
        "log(a); BEGIN; log(b); ROLLBACK; log(c)",
        "log(a); BEGIN; log(b); COMMIT; log(c); SELECT 1/0; log(d)",
        "log(a); COMMIT; log(b); ROLLBACK; log(c)",
        "BEGIN; log(a); COMMIT AND CHAIN; log(b); ROLLBACK",
        "BEGIN; SAVEPOINT s; log(a); ROLLBACK TO s; log(b); END",
        "BEGIN; BEGIN; log(a); COMMIT; log(b); SELECT 1/0; COMMIT",
        "BEGIN ISOLATION LEVEL SERIALIZABLE; log(isolation); COMMIT AND CHAIN; log(isolation); END",
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; log(isolation)",
    ],
)
def test_segments_leave_what_one_message_leaves(database: Database, script: str) -> None:
    """The guarantee of `parse`, tried out: our BEGIN and COMMIT around each segment, not the script's own."""
    script = script.replace("log(isolation)", f"{INSERT} current_setting('transaction_isolation')")
    script = re.sub(r"log\((\w)\)", rf"{INSERT} '\1'", script)
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute(LOG)
        _try(cursor, script)
        cursor.execute("ROLLBACK; SELECT v FROM log ORDER BY n")
        expected = cursor.fetchall()
        cursor.execute("TRUNCATE log")
        _run_segments(cursor, script.encode())
        cursor.execute("ROLLBACK; SELECT v FROM log ORDER BY n")
        assert cursor.fetchall() == expected


def _run_segments(cursor: Cursor, raw: bytes) -> None:
    for segment in parse(raw).segments:
        sent = bytearray(raw)
        for start, end in segment.blanks:
            sent[start:end] = b" " * (end - start)
        text = bytes(sent[segment.start : segment.end])
        last = b"ROLLBACK" if segment.rolled_back else b"COMMIT"
        if not _try(cursor, b"BEGIN %s;%s\n;%s" % (segment.modes.encode(), text, last)):
            return


def _try(cursor: Cursor, text: str | bytes) -> bool:
    try:
        cursor.execute(text)
    except psycopg2.errors.DivisionByZero:
        return False
    return True


REFUSED = (
    *(
        "CREATE INDEX CONCURRENTLY i2 ON t (a)",
        "DROP INDEX CONCURRENTLY IF EXISTS nope",
        "REINDEX TABLE CONCURRENTLY t",
    ),
    *(
        "REINDEX (CONCURRENTLY) INDEX i",
        "REINDEX SCHEMA public",
        "VACUUM t",
        "VACUUM",
        "CLUSTER",
        "CLUSTER VERBOSE",
    ),
    *("CREATE DATABASE never", "DROP DATABASE IF EXISTS nope", "ALTER SYSTEM RESET work_mem", "DISCARD ALL"),
    *("DROP TABLESPACE IF EXISTS nope", "CREATE TABLESPACE x LOCATION '/nowhere'"),
    *("ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY", "COMMIT PREPARED 'x'"),
    "CREATE SUBSCRIPTION s CONNECTION 'host=/nowhere' PUBLICATION p",
)
SINCE_14 = {"REINDEX (CONCURRENTLY) INDEX i", "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY"}
HARMLESS = (
    *(
        "CREATE INDEX i2 ON t (a)",
        "REINDEX TABLE t",
        "REINDEX (CONCURRENTLY false) TABLE t",
        "ANALYZE",
        "CHECKPOINT",
    ),
    *("CLUSTER t USING i", "REFRESH MATERIALIZED VIEW CONCURRENTLY v", "DISCARD TEMP", "DISCARD PLANS"),
    *(
        "ALTER TYPE e ADD VALUE 'x'",
        "ALTER TABLE p DETACH PARTITION p1",
        "ALTER DATABASE postgres SET work_mem = '4MB'",
    ),
    "CREATE SUBSCRIPTION s CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false)",
)
SCHEMA = """
CREATE TABLE t (a int); CREATE INDEX i ON t (a); CREATE MATERIALIZED VIEW v AS SELECT 1 AS a;
CREATE UNIQUE INDEX ON v (a); CREATE TYPE e AS ENUM ('a'); CREATE TABLE p (a int) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
"""


@pytest.mark.parametrize("statement", [*REFUSED, *HARMLESS])
def test_server_refuses_in_a_transaction_exactly_what_we_put_alone(database: Database, statement: str) -> None:
    database.execute(SCHEMA)
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        code = None
        try:
            cursor.execute(statement)
        except psycopg2.Error as error:
            code = error.pgcode
        cursor.execute("ROLLBACK")
    (segment,) = parse(statement.encode()).segments
    refusal = "42601" if statement in SINCE_14 and database.server.major < 14 else "25001"
    assert (segment.kind == "alone") == (code == refusal)


def test_net_under_the_list_a_call_that_commits(database: Database) -> None:
    script = b"INSERT INTO log (v) VALUES ('a'); CALL p(); INSERT INTO log (v) VALUES ('b')"
    database.execute(LOG)
    body = "BEGIN INSERT INTO log (v) VALUES ('p'); COMMIT; END"
    database.execute(f"CREATE PROCEDURE p() LANGUAGE plpgsql AS $${body}$$")
    cut = cut_alone(script, parse(script), script.index(b"CALL"))
    with database.connect() as connection, connection.cursor() as cursor:
        for segment in cut.segments:
            cursor.execute(script[segment.start : segment.end])
    assert database.rows("SELECT v FROM log ORDER BY n") == [("a",), ("p",), ("b",)]
