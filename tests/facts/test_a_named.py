"""A6: databases, tablespaces, subscriptions and partitions: interrupted, the catalog says what became of them."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.facts.lab import Lab, busy, until
from tests.support import unprivileged
from tests.support.database import Database
from tests.support.home import new_folder, remove
from tests.support.postgres import PostgresServer, Server

HISTORY = "SELECT name, applied_at IS NOT NULL, journal FROM lockmaster_history ORDER BY 1"
POINTS = ["evidence", "intent", "alone-sent", "alone-answered"]
ACTIVE = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query ~ '^{}'"
LIMIT = "SELECT datconnlimit FROM pg_database WHERE datname = 'other'"
INVALID = -2  # the mark of a database whose DROP was interrupted
MakeServer = Callable[..., PostgresServer]


@pytest.fixture
def own(lab: Lab, make_server: MakeServer) -> Database:
    """Give the lab's database on a server of its own: databases and tablespaces belong to all of a server."""
    database = Database(make_server(), "app")
    lab.url = database.url
    lab.write("1_t", "CREATE TABLE t (n int);")
    lab.good()
    return database


@pytest.fixture
def space(own: Database) -> Iterator[str]:
    """Give an empty folder that the server may use."""
    folder = unprivileged.own(new_folder("space"))
    yield str(folder)
    remove(folder)


def oids(database: Database, name: str) -> list[int]:
    return [row[0] for row in database.rows(f"SELECT oid FROM pg_database WHERE datname = '{name}'")]


def is_complete(database: Database, *names: str) -> None:
    """Each migration is recorded as applied, and what stands behind the statement ran once."""
    assert database.rows(HISTORY) == [(name, True, None) for name in ("1_t", *names)]
    assert database.rows("SELECT n FROM t") == [(7,)]


def written(lab: Lab, statement: str) -> str:
    """Write it as a migration that goes on behind it."""
    lab.write("2_alone", f"{statement};\nINSERT INTO t VALUES (7);")
    return "2_alone"


def killed_at(lab: Lab, point: str, name: str = "alone") -> None:
    assert lab.run(fault=f"{point}=kill").status == -9, f"{name} does not come to {point}"


# -- killed at each point -----------------------------------------------------------------------------------


@pytest.mark.parametrize("point", POINTS)
def test_create_database_is_done_once(lab: Lab, own: Database, point: str) -> None:
    """Repeated after it was done it fails with 42P04."""
    name = written(lab, 'CREATE DATABASE "Other" TEMPLATE template0')
    killed_at(lab, point)
    lab.good()
    assert len(oids(own, "Other")) == 1
    is_complete(own, name)


@pytest.mark.parametrize("words", ["", "IF EXISTS "])
@pytest.mark.parametrize("point", POINTS)
def test_drop_database_is_done_once(lab: Lab, own: Database, point: str, words: str) -> None:
    """Repeated after it was done it fails with 3D000."""
    own.server.create_database("other")
    name = written(lab, f"DROP DATABASE {words}other")
    killed_at(lab, point)
    lab.good()
    assert oids(own, "other") == []
    is_complete(own, name)


@pytest.mark.parametrize("point", POINTS)
def test_a_tablespace_is_made_and_dropped_once(lab: Lab, own: Database, space: str, point: str) -> None:
    """Repeated after they were done they fail with 42710 and 42704."""
    spaces = "SELECT spcname FROM pg_tablespace WHERE spcname = 'fast'"
    lab.write("2_create", f"CREATE TABLESPACE Fast LOCATION '{space}';\nINSERT INTO t VALUES (7);")
    killed_at(lab, point)
    lab.good()
    assert own.rows(spaces) == [("fast",)]
    lab.write("3_drop", "DROP TABLESPACE fast;")
    killed_at(lab, point)
    lab.good()
    assert own.rows(spaces) == []
    is_complete(own, "2_create", "3_drop")


@pytest.mark.parametrize("point", POINTS)
def test_a_database_is_moved_to_its_tablespace(lab: Lab, own: Database, space: str, point: str) -> None:
    """It is repeated: where the move is done that is nothing, also while the database is in use."""
    own.execute(f"CREATE TABLESPACE fast LOCATION '{space}'")
    url = own.server.create_database("other")
    name = written(lab, "ALTER DATABASE other SET TABLESPACE fast")
    where = "SELECT spcname FROM pg_database d JOIN pg_tablespace s ON s.oid = d.dattablespace WHERE datname = 'other'"
    killed_at(lab, point)
    if point == "alone-answered":
        assert own.value(where) == "fast"
        with busy(own, "SELECT pg_sleep(60)", url=url):
            lab.good()
    lab.good()
    assert own.value(where) == "fast"
    is_complete(own, name)
    own.server.drop_database("other")


# -- killed in the middle -----------------------------------------------------------------------------------


@contextmanager
def no_checkpoints(database: Database) -> Iterator[None]:
    """CREATE and DROP DATABASE wait for a checkpoint in their middle: while this holds, that does not end."""
    pid = database.value("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def interrupt(lab: Lab, database: Database, words: str) -> None:
    """Run, and kill -9 the run while its statement waits; then wait until its session has ended."""
    run = lab.start()
    waits = f"{ACTIVE.format(words)} AND wait_event IS NOT NULL"
    until(lambda: database.value(waits), "the statement waits")
    run.kill()
    database.end_orphan()
    until(lambda: not database.value(ACTIVE.format(words)), "the orphan has ended", 10)


def test_create_database_killed_in_the_middle_is_begun_anew(lab: Lab, own: Database) -> None:
    """Its files were being copied; the server takes them away again."""
    strategy = " STRATEGY file_copy" if own.server.major >= 15 else ""
    name = written(lab, f"CREATE DATABASE other{strategy}")
    with no_checkpoints(own):
        interrupt(lab, own, "CREATE DATABASE")
        assert oids(own, "other") == []
    lab.good()
    assert len(oids(own, "other")) == 1
    is_complete(own, name)


def test_drop_database_killed_in_the_middle_is_finished(lab: Lab, own: Database) -> None:
    """It is there and cannot be connected to: only another DROP can be done to it."""
    own.server.create_database("other")
    name = written(lab, "DROP DATABASE other")
    with no_checkpoints(own):
        interrupt(lab, own, "DROP DATABASE")
        assert own.value(LIMIT) == INVALID
    lab.good()
    assert oids(own, "other") == []
    is_complete(own, name)


@pytest.mark.parametrize("what", ["CREATE", "DROP"])
def test_a_tablespace_killed_in_the_middle_is_begun_anew(lab: Lab, own: Database, space: str, what: str) -> None:
    """The statement waits for the catalog, and nothing of it is left."""
    create = f"CREATE TABLESPACE fast LOCATION '{space}'"
    if what == "DROP":
        own.execute(create)
    name = written(lab, create if what == "CREATE" else "DROP TABLESPACE fast")
    with busy(own, "BEGIN; LOCK pg_tablespace IN EXCLUSIVE MODE; SELECT pg_sleep(60)"):
        interrupt(lab, own, f"{what} TABLESPACE")
    lab.good()
    assert own.value("SELECT count(*) FROM pg_tablespace WHERE spcname = 'fast'") == (what == "CREATE")
    is_complete(own, name)


# -- what is somebody else's --------------------------------------------------------------------------------


def test_a_database_that_was_there_before_is_the_servers_error(lab: Lab, own: Database) -> None:
    """Interrupted before it ran: that the database exists is no proof that ours made it."""
    own.server.create_database("other")
    before = oids(own, "other")
    written(lab, "CREATE DATABASE other")
    killed_at(lab, "intent")
    ended = lab.run()
    assert ended.status == 12, ended.text
    assert "42P04" in ended.err
    assert own.rows(HISTORY) == [("1_t", True, None)]
    assert oids(own, "other") == before


def test_a_database_that_somebody_makes_at_the_same_time_is_not_ours(lab: Lab, own: Database) -> None:
    """Absent in the evidence, there afterwards, and yet not made by us: the server said so."""
    written(lab, "CREATE DATABASE other")
    pause = lab.pause()
    run = lab.start(fault=pause.at("intent"))
    pause.wait()
    own.server.create_database("other")
    pause.let_go()
    ended = run.end()
    assert ended.status == 12, ended.text
    assert "42P04" in ended.err
    assert own.rows(HISTORY) == [("1_t", True, None)]


def test_a_database_that_somebody_made_meanwhile_is_not_dropped(lab: Lab, own: Database) -> None:
    """Nothing had the name when the DROP was about to run: what has it now was never meant."""
    written(lab, "DROP DATABASE IF EXISTS other")
    killed_at(lab, "intent")
    own.server.create_database("other")
    ended = lab.run()
    assert ended.status == 13, ended.text
    assert "database other was not there before this statement" in ended.err
    assert len(oids(own, "other")) == 1
    own.server.drop_database("other")
    lab.good()
    is_complete(own, "2_alone")


def test_a_database_that_was_made_again_after_its_drop_is_kept(lab: Lab, own: Database) -> None:
    """It has the name and is another one: the one that was meant has gone."""
    own.server.create_database("other")
    name = written(lab, "DROP DATABASE other")
    killed_at(lab, "alone-answered")
    own.server.create_database("other")
    made = oids(own, "other")
    lab.good()
    assert oids(own, "other") == made
    is_complete(own, name)


def test_a_database_replaced_by_somebody_is_a_persons_matter(lab: Lab, own: Database) -> None:
    """There before and there now, but not the same: it may be ours or not."""
    own.server.create_database("other")
    written(lab, "CREATE DATABASE other")
    killed_at(lab, "intent")
    own.server.drop_database("other")
    own.server.create_database("other")
    ended = lab.run()
    assert ended.status == 13, ended.text
    assert "database other is another one than before" in ended.err


def test_an_invalid_database_is_never_recorded_as_made(lab: Lab, own: Database) -> None:
    """Somebody's DROP of it was interrupted: it is in the catalog, and nobody can connect to it."""
    name = written(lab, "CREATE DATABASE other")
    killed_at(lab, "alone-answered")
    with no_checkpoints(own), busy(own, "DROP DATABASE other"):
        until(lambda: own.value(LIMIT) == INVALID, "it is marked")
    ended = lab.run()
    assert ended.status == 13, ended.text
    assert 'DROP DATABASE "other";' in ended.err
    own.server.drop_database("other")
    lab.good()
    assert own.value(LIMIT) != INVALID
    is_complete(own, name)


# -- partitions ---------------------------------------------------------------------------------------------

PARTS = """CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE "P1" PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2); CREATE TABLE t (n int)"""
SINCE_14 = "DETACH PARTITION CONCURRENTLY came with PostgreSQL 14"
ATTACHED = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'p'::regclass ORDER BY 1"


@pytest.fixture
def parted(lab: Lab, database: Database, postgres: Server) -> Database:
    """Give the lab's database with a partitioned table, and a migration that detaches one partition."""
    if postgres.major < 14:
        pytest.skip(SINCE_14)
    lab.write("1_t", PARTS)
    lab.good()
    written(lab, 'ALTER TABLE p DETACH PARTITION "P1" CONCURRENTLY')
    return database


@pytest.mark.optional(SINCE_14)
@pytest.mark.parametrize("point", POINTS)
def test_a_partition_is_detached_once(lab: Lab, parted: Database, point: str) -> None:
    """Repeated after it was done it fails with 42P01."""
    killed_at(lab, point)
    lab.good()
    assert parted.rows(ATTACHED) == [("p2",)]
    is_complete(parted, "2_alone")


@pytest.mark.optional(SINCE_14)
def test_a_partition_killed_in_the_middle_is_finalized(lab: Lab, parted: Database) -> None:
    """It is marked as pending: the repeat is refused, and so is every other DETACH of the table."""
    with busy(parted, "BEGIN; SELECT FROM p; SELECT pg_sleep(60)"):
        interrupt(lab, parted, "ALTER TABLE")
        assert parted.value("SELECT count(*) FROM pg_inherits WHERE inhdetachpending") == 1
    lab.good()
    assert parted.rows(ATTACHED) == [("p2",)]
    is_complete(parted, "2_alone")


@pytest.mark.optional(SINCE_14)
def test_a_partition_that_a_person_left_pending_is_the_servers_error(lab: Lab, parted: Database) -> None:
    """What was begun before our statement is not ours to finish."""
    with (
        busy(parted, "BEGIN; SELECT FROM p; SELECT pg_sleep(60)"),
        busy(parted, 'ALTER TABLE p DETACH PARTITION "P1" CONCURRENTLY'),
    ):
        until(lambda: parted.value("SELECT count(*) FROM pg_inherits WHERE inhdetachpending"), "it is marked")
    ended = lab.run()
    assert ended.status == 12, ended.text
    assert "55000" in ended.err
    assert parted.value("SELECT count(*) FROM pg_inherits WHERE inhdetachpending") == 1
    assert parted.rows(HISTORY) == [("1_t", True, None)]


# -- subscriptions ------------------------------------------------------------------------------------------

SUBSCRIPTIONS = "SELECT subname, subpublications FROM pg_subscription"
SENDERS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender'"
SLOTS = "SELECT slot_name, active FROM pg_replication_slots"


@pytest.fixture
def publisher(make_server: MakeServer) -> Database:
    """Give a database with publications of t, on a server of its own: on the same one they would wait for each other."""
    publisher = Database(make_server(wal_level="logical"), "source")
    publisher.execute("CREATE TABLE t (n int); CREATE PUBLICATION one FOR TABLE t; CREATE PUBLICATION two FOR TABLE t")
    return publisher


def subscribe(publisher: Database) -> str:
    return f"CREATE SUBSCRIPTION s CONNECTION '{publisher.url}' PUBLICATION one WITH (enabled = off)"


@pytest.mark.parametrize("point", POINTS)
def test_a_subscription_is_made_changed_and_dropped_once(
    lab: Lab, own: Database, publisher: Database, point: str
) -> None:
    """Each of these works on the publisher, too, and refuses a repeat."""
    lab.write("2_create", f"{subscribe(publisher)};\nINSERT INTO t VALUES (7);")
    killed_at(lab, point)
    lab.good()
    assert own.rows(SUBSCRIPTIONS) == [("s", ["one"])]
    assert publisher.rows(SLOTS) == [("s", False)]
    names = ["2_create"]
    if own.server.major >= 14:
        own.execute("ALTER SUBSCRIPTION s ENABLE")
        names.append("3_add")
        lab.write("3_add", "ALTER SUBSCRIPTION s ADD PUBLICATION two;")
        killed_at(lab, point)
        lab.good()
        assert own.rows(SUBSCRIPTIONS) == [("s", ["one", "two"])]
    lab.write("4_drop", "DROP SUBSCRIPTION s;")
    killed_at(lab, point)
    ended = lab.run()
    if ended.status:  # killed in the middle: the publisher's slot went, our row did not; no transaction spans both
        assert (ended.status, 'replication slot "s" does not exist' in ended.text) == (12, True), ended.text
        own.execute("ALTER SUBSCRIPTION s DISABLE")
        own.execute("ALTER SUBSCRIPTION s SET (slot_name = NONE)")
        lab.good()
    assert own.rows(SUBSCRIPTIONS) == []
    assert publisher.rows(SLOTS) == []
    is_complete(own, *names, "4_drop")


def test_create_subscription_killed_in_the_middle_is_begun_anew(lab: Lab, own: Database, publisher: Database) -> None:
    """The publisher was making the slot; it gives up with its client."""
    name = written(lab, subscribe(publisher))
    with busy(publisher, "BEGIN; INSERT INTO t VALUES (1); SELECT pg_sleep(60)"):
        interrupt(lab, own, "CREATE SUBSCRIPTION")
        publisher.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
        until(lambda: publisher.rows(SLOTS) == [], "the half-made slot is gone")
    assert own.rows(SUBSCRIPTIONS) == []
    lab.good()
    assert own.rows(SUBSCRIPTIONS) == [("s", ["one"])]
    is_complete(own, name)


def test_a_slot_that_an_interrupted_subscription_left_is_named(lab: Lab, own: Database, publisher: Database) -> None:
    """What lies on the publisher is out of sight: the server's error says it, and nothing is recorded as applied."""
    name = written(lab, subscribe(publisher))
    with busy(publisher, "BEGIN; INSERT INTO t VALUES (1); SELECT pg_sleep(60)"):
        interrupt(lab, own, "CREATE SUBSCRIPTION")
    until(lambda: not publisher.value(SENDERS), "the publisher has noticed, and the slot is there to stay or gone")
    if publisher.rows(SLOTS) == []:
        publisher.execute("SELECT pg_create_logical_replication_slot('s', 'pgoutput')")
    ended = lab.run()
    assert ended.status == 12, ended.text
    assert 'replication slot "s" already exists' in ended.err
    assert own.rows(HISTORY) == [("1_t", True, None)]
    publisher.execute("SELECT pg_drop_replication_slot('s')")
    lab.good()
    is_complete(own, name)
