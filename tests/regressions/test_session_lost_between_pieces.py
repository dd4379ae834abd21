"""A script of several pieces lost its SET, its role and its temporary tables at each piece, and built in another schema."""

import pytest

from tests.facts.lab import Lab
from tests.support.database import Database

SETS = """SET search_path TO app;
BEGIN; CREATE TABLE one (); COMMIT;
BEGIN; CREATE TABLE two (); COMMIT;
CREATE INDEX CONCURRENTLY i ON t (a);
CREATE TABLE three ();"""
POINTS = ["message-answered@2", "message-answered@3", "evidence", "intent", "alone-answered", "done"]
IN_APP = [("app", "i"), ("app", "one"), ("app", "three"), ("app", "two")]


def _ready(lab: Lab, script: str) -> None:
    lab.write("1_t", "CREATE SCHEMA app; CREATE TABLE app.t (a int); CREATE TABLE public.t (a int);")
    lab.write("2_m", script)


def _made(database: Database) -> list[tuple[str, str]]:
    names = "('i', 'one', 'two', 'three')"
    return database.rows(
        f"SELECT relnamespace::regnamespace::text, relname FROM pg_class WHERE relname IN {names} ORDER BY 2"
    )


def test_search_path_holds_to_the_end_of_the_script(lab: Lab, database: Database) -> None:
    """It holds for statements that run alone, too, and for the evidence about them."""
    _ready(lab, SETS)
    lab.good()
    assert _made(database) == IN_APP


@pytest.mark.parametrize("point", POINTS)
def test_search_path_holds_for_the_run_that_goes_on(lab: Lab, database: Database, point: str) -> None:
    """What an earlier process set in its session has to be set again."""
    _ready(lab, SETS)
    assert lab.run(fault=f"{point}=kill").status == -9
    lab.good()
    assert _made(database) == IN_APP


def test_a_later_set_wins(lab: Lab, database: Database) -> None:
    """In order, and not what was rolled back."""
    _ready(
        lab,
        "SET search_path TO public; COMMIT; SET search_path TO app; COMMIT; SET search_path TO public; ROLLBACK;"
        "CREATE TABLE one (); COMMIT; SELECT pg_catalog.set_config('search_path', 'public', false); COMMIT;"
        "CREATE TABLE two ();",
    )
    lab.good()
    assert _made(database) == [("app", "one"), ("public", "two")]


def test_temporary_tables_stay_until_the_script_ends(lab: Lab) -> None:
    """They stay, and no longer."""
    lab.write(
        "1_m", "CREATE TEMP TABLE tt (a int); COMMIT; INSERT INTO tt VALUES (1); COMMIT; CREATE TABLE x AS TABLE tt;"
    )
    lab.write("2_m", "DO $$ BEGIN IF to_regclass('tt') IS NOT NULL THEN RAISE 'it is still there'; END IF; END $$;")
    lab.good()


@pytest.mark.parametrize("become", ["SET ROLE {}", "SET SESSION AUTHORIZATION {}"])
def test_role_holds_to_the_end_of_the_script(lab: Lab, database: Database, become: str) -> None:
    """It does not reach our own rows, though, nor the next migration."""
    role, _ = database.server.create_role()
    database.execute(f"GRANT ALL ON SCHEMA public TO {role}")
    script = "; CREATE TABLE one (); COMMIT; CREATE TABLE two (i int); COMMIT; CREATE INDEX CONCURRENTLY ON two (i);"
    lab.write("1_m", become.format(role) + script)
    lab.write("2_m", "CREATE TABLE three ();")
    lab.good()
    owners = database.rows(
        "SELECT tablename, tableowner FROM pg_tables WHERE tablename IN ('one', 'two', 'three') ORDER BY 1"
    )
    assert owners == [("one", role), ("three", database.server.superuser), ("two", role)]
    database.execute(f"DROP OWNED BY {role}")


def test_session_authorization_in_one_piece(lab: Lab, database: Database) -> None:
    """The record was written as the other role, which may not: 42501."""
    role, _ = database.server.create_role()
    database.execute(f"GRANT ALL ON SCHEMA public TO {role}")
    lab.write("1_m", f"SET SESSION AUTHORIZATION {role}; CREATE TABLE one ();")
    lab.good()
    database.execute(f"DROP OWNED BY {role}")
