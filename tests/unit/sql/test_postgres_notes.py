"""What the runner is told about a PostgreSQL script."""

import pytest

from lockmaster.sql.postgres import parse


def kinds(script: str) -> set[str]:
    return {note.kind for note in parse(script.encode()).notes}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("SET search_path = x", {"session-set"}),
        ("SET SESSION search_path TO x", {"session-set"}),
        ("SET TIME ZONE 'UTC'", {"session-set"}),
        ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", {"session-set"}),
        ("SET LOCAL search_path = x", {"set-local"}),
        ("SET CONSTRAINTS ALL DEFERRED", set()),
        ("SET TRANSACTION READ ONLY", {"set-transaction"}),
        ("SET LOCAL TRANSACTION READ ONLY", {"set-transaction"}),
        ("RESET ALL", {"session-set"}),
        ("LOAD 'x'", {"session-set"}),
        ("DISCARD TEMP", {"session-set"}),
        ("DISCARD ALL", {"session-set", "drops-turn"}),
        ("SET ROLE x", {"session-set", "role"}),
        ("SET LOCAL ROLE x", {"set-local", "role"}),
        ("SET SESSION ROLE x", {"session-set", "role"}),
        ("SET SESSION AUTHORIZATION x", {"session-set", "role"}),
        ("SET LOCAL SESSION AUTHORIZATION x", {"set-local", "role"}),
        ("SET lock_timeout = 0", {"session-set", "own-lock-timeout"}),
        ('SET LOCAL "lock_timeout" TO 0', {"set-local", "own-lock-timeout"}),
        ("SET SESSION Statement_Timeout = 0", {"session-set", "own-statement-timeout"}),
        ("SET standard_conforming_strings = on", {"session-set"}),
        ("SET standard_conforming_strings = off", {"session-set", "lexing"}),
        ("SET client_encoding = 'UTF8'", {"session-set"}),
        ("SET client_encoding TO DEFAULT", {"session-set", "lexing"}),
        ("SET LOCAL client_encoding = LATIN1", {"set-local", "lexing"}),
        ("SET LOCAL backslash_quote = off", {"set-local", "lexing"}),
        ("SET NAMES 'utf8'", {"session-set"}),
        ("SET NAMES 'SJIS'", {"session-set", "lexing"}),
        ("SELECT pg_catalog.set_config('search_path', '', false)", {"session-set"}),
        ("SELECT SET_CONFIG ('lock_timeout', x, $1)", {"session-set", "own-lock-timeout"}),
        ("SELECT set_config('statement_timeout', '0', true)", {"set-local", "own-statement-timeout"}),
        ("SELECT set_config('a.b', 'x, true)', false)", {"session-set"}),
        ("SELECT set_config('a.b', x, 't')", {"set-local"}),
        ("SELECT set_config('client_encoding', 'x', false)", {"session-set", "lexing"}),
        (
            "CREATE FUNCTION f() RETURNS void AS $$ SELECT set_config('a.b', 'x', false) $$ LANGUAGE sql",
            {"session-set"},
        ),
        ("-- set_config('a', 'b', false)\nSELECT 1; -- pg_advisory_unlock(1)", set()),
        ("SELECT my_set_config('a', 'b', false)", set()),
        ("SELECT pg_advisory_unlock_all()", {"drops-turn"}),
        ("DO $$ BEGIN PERFORM pg_advisory_unlock(1); END $$", {"drops-turn"}),
        ("SELECT pg_advisory_lock(1)", {"advisory-lock"}),
        ("INSERT INTO t SELECT pg_try_advisory_lock_shared(1)", {"advisory-lock"}),
        ("SELECT pg_advisory_xact_lock(1)", set()),
        ("CREATE TEMP TABLE t (a int)", {"temp"}),
        ("CREATE LOCAL TEMPORARY TABLE t (a int) ON COMMIT DELETE ROWS", {"temp"}),
        ("CREATE OR REPLACE TEMP VIEW v AS SELECT 1", {"temp"}),
        ("CREATE TEMP TABLE t (a int) ON COMMIT DROP", set()),
        ("CREATE TEMP TABLE t (" + "a int, " * 20 + "b int) ON COMMIT DROP", set()),
        ("SELECT 1 AS a INTO TEMP t", {"temp"}),
        ("WITH x AS (SELECT 1) SELECT * INTO LOCAL TEMPORARY t FROM x", {"temp"}),
        ("SELECT 1 AS a INTO temperature", set()),
        ("CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 INTO temp; $$ LANGUAGE plpgsql", set()),
        ("LISTEN x", {"listen"}),
        ("UNLISTEN *", {"listen"}),
        ("PREPARE p AS SELECT 1", {"prepare"}),
        ("DECLARE c NO SCROLL CURSOR WITH HOLD FOR SELECT 1", {"prepare"}),
        ("DECLARE c CURSOR FOR WITH hold AS (SELECT 1) SELECT * FROM hold", set()),
        ("BEGIN; INSERT INTO t VALUES (1); COMMIT", {"own-transaction"}),
        ("ROLLBACK TO s", set()),
        ("UPDATE t SET lock_timeout = 1", set()),
    ],
)
def test_notes(script: str, expected: set[str]) -> None:
    assert kinds(script) == expected


def test_note_has_the_line_and_a_short_text() -> None:
    script = b"SELECT 1;\n\nSET  search_path\n = '" + b"x" * 200 + b"';\nSELECT\n pg_advisory_unlock(1)"
    first, second = parse(script).notes
    assert (first.kind, first.line) == ("session-set", 3)
    assert first.text.startswith("SET search_path = 'xxx")
    assert first.text.endswith("xxx...")
    assert len(first.text) <= 80
    assert (second.kind, second.line, second.text) == ("drops-turn", 6, "SELECT pg_advisory_unlock(1)")


def test_notes_of_one_kind_are_bounded() -> None:
    notes = parse(b"SET a = 1; BEGIN; COMMIT;" * 1000).notes
    assert len([note for note in notes if note.kind == "session-set"]) == 100
    assert len([note for note in notes if note.kind == "own-transaction"]) == 100
