"""DATABASE_URL?schema=app&pgbouncer=true with a DIRECT_DATABASE_URL without a schema: scripts ran in public."""

from collections.abc import Callable

from tests.facts.lab import Lab
from tests.support.database import Database
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres import PostgresServer


def _pooled(lab: Lab, database: Database, make_pgbouncer: Callable[..., PgBouncer]) -> None:
    assert isinstance(database.server, PostgresServer)
    database.execute("CREATE SCHEMA app")
    lab.url = make_pgbouncer(database.server).url(database.name) + "?schema=app&pgbouncer=true"
    lab.write_prisma("1_a", "CREATE TABLE a (i int);")
    lab.good()
    lab.write_prisma("2_b", "CREATE TABLE b (); COMMIT; CREATE INDEX CONCURRENTLY i ON a (i);")


def test_the_scripts_stay_in_the_schema_of_the_history(
    lab: Lab, database: Database, make_pgbouncer: Callable[..., PgBouncer]
) -> None:
    """Whichever way they take."""
    _pooled(lab, database, make_pgbouncer)
    lab.env["DIRECT_DATABASE_URL"] = database.url
    lab.good()
    assert database.value("SELECT to_regclass('app.b') IS NOT NULL AND to_regclass('app.i') IS NOT NULL")


def test_two_schemas_are_refused(lab: Lab, database: Database, make_pgbouncer: Callable[..., PgBouncer]) -> None:
    """Nobody knows which is meant."""
    _pooled(lab, database, make_pgbouncer)
    ended = lab.run(env={"DIRECT_DATABASE_URL": f"{database.url}?schema=other"})
    assert ended.status == 2
    assert "other" in ended.err
    assert database.value("SELECT count(*) FROM app._prisma_migrations") == 1


def test_pieces_begun_directly_go_on_directly(
    lab: Lab, database: Database, make_pgbouncer: Callable[..., PgBouncer]
) -> None:
    """A statement that only the server knew to refuse a transaction, interrupted; then a run that is told of the pooler only."""
    database.execute(
        "CREATE TABLE n (); CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO n DEFAULT VALUES; COMMIT; END $$"
    )
    lab.write("1_m", "CREATE TABLE a (); CALL p(); CREATE TABLE b ();")
    lab.run("--to", "none", command="baseline")
    assert lab.run(fault="done=kill").status == -9
    pooled = make_pgbouncer(database.server).url(database.name)
    ended = lab.run(url=pooled)
    assert ended.status == 2
    assert "DIRECT_DATABASE_URL" in ended.err
    lab.env["DIRECT_DATABASE_URL"] = database.url
    lab.good(url=pooled)
    assert database.value("SELECT count(*) FROM n") == 1
