"""C: stuck, or live traffic hurt. What tests/crash holds at every point of the protocol, this has once, by its name."""

import os
import re
import signal
import sqlite3
import time
from collections.abc import Callable

import psycopg2
import psycopg2.extensions
import pytest

import lockmaster
from tests.facts.lab import Lab, busy, until
from tests.support.database import Database
from tests.support.needs import need, need_root
from tests.support.netns import TwoMachines
from tests.support.postgres import PostgresServer, Server
from tests.support.proxy import Proxy

PRISMA_KEY = 72707369
KEY = 8797427540306348812  # of public.lockmaster_history
PRISMA_WAITS = f"SELECT pg_advisory_lock({PRISMA_KEY})"
INDEXES = """SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = 't'::regclass ORDER BY 1"""
ACTIVE = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query ~ '{}' AND pid <> pg_backend_pid()"
SLEEPS = "SELECT pg_sleep(60)"
OLD_SNAPSHOT = f"BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class; {SLEEPS}"
WRITER = f"BEGIN; UPDATE t SET a = a; {SLEEPS}"


class Application:
    """A session that sends its statements and does not wait for them."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg2.connect(url, async_=True)
        self.wait()
        self._cursor = self._connection.cursor()

    def send(self, statement: str) -> None:
        self._cursor.execute(statement)

    def wait(self) -> None:
        """Wait for the answer; raises what the server says."""
        until(lambda: self._connection.poll() == psycopg2.extensions.POLL_OK, "an answer")


@pytest.fixture
def table(lab: Lab) -> Lab:
    """Give a lab with table t, and CREATE INDEX CONCURRENTLY as its next migration."""
    lab.write("1_t", "CREATE TABLE t (a int, b int);\nINSERT INTO t SELECT i, i FROM generate_series(1, 100) i;")
    lab.good()
    lab.write("2_cic", "CREATE INDEX CONCURRENTLY t_a ON t (a);")
    return lab


# -- C1: a dead network -------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--pooler=none", "--pooler=transaction"])
def test_c1_both_settings_that_end_an_orphan_are_on_while_a_script_runs(
    lab: Lab, database: Database, postgres: Server, option: str
) -> None:
    """The keepalives only close the socket, the check interval only sees a closed one: neither does it alone."""
    names = ["tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count"]
    names = names if option == "--pooler=none" else []  # behind a pooler the client's socket is the pooler's
    names += ["client_connection_check_interval"] if postgres.sees_dead_clients else []
    values = ", ".join(f"current_setting('{name}') AS {name}" for name in names)
    lab.write("1_seen", f"CREATE TABLE seen AS SELECT {values};")
    lab.good(option)
    seen = dict(zip(names, database.rows("SELECT * FROM seen")[0], strict=True))
    assert seen == {name: {"client_connection_check_interval": "1s", "tcp_keepalives_idle": "5",
                           "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3"}[name] for name in names}  # fmt: skip


@pytest.mark.slow
@pytest.mark.netns
def test_c1_a_cut_network_ends_the_orphan_in_seconds(
    lab: Lab, netns: TwoMachines, make_server: Callable[..., PostgresServer]
) -> None:
    """Nothing set, or one of the two alone: the lock was still there after 8 and 14 seconds."""
    server = make_server(listen=netns.server.address, prefix=netns.server.prefix)

    def ask(sql: str) -> object:
        connection = psycopg2.connect(server.socket_url("app"))
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(sql)
        answer = cursor.fetchall()[0][0]
        connection.close()
        return answer

    setup = psycopg2.connect(server.socket_url("postgres"))
    setup.autocommit = True
    setup.cursor().execute("CREATE DATABASE app")
    long = 90 if setup.info.server_version >= 14_00_00 else 3  # before 14 it looks only when the statement has ended
    setup.close()
    lab.write("1_slow", f"CREATE TABLE slow AS SELECT pg_sleep({long})::text;")
    run = lab.start(url=server.url("app"), prefix=netns.client.prefix)
    until(lambda: ask(ACTIVE.format("pg_sleep")), "the script runs")
    netns.link_down()
    began = time.monotonic()
    until(
        lambda: not ask(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {KEY & 0xFFFFFFFF}"),
        "the turn of the orphan is free",
        16,
    )
    assert time.monotonic() - began < 16
    assert run.running()
    run.kill()


# -- C2: Prisma's blocked waiter ----------------------------------------------------------------------------


@pytest.fixture
def switching(lab: Lab) -> Lab:
    """Give a Prisma folder in the middle of a rolling switch: its next migration builds an index concurrently."""
    lab.write_prisma("20260101000001_init", "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);")
    lab.good()
    lab.write_prisma("20260101000002_cic", "CREATE INDEX CONCURRENTLY t_a ON t (a);")
    return lab


def test_c2_a_prisma_that_waits_in_its_lock_does_not_stop_an_index(switching: Lab, database: Database) -> None:
    """A session blocked in pg_advisory_lock has a snapshot that CREATE INDEX CONCURRENTLY waits for: 40P01, for ever."""
    pause = switching.pause()
    run = switching.start(fault=pause.at("turn-taken"))
    pause.wait()
    with busy(database, PRISMA_WAITS) as pid:
        pause.let_go()
        ended = run.end()
    assert ended.status == 0, ended.text
    assert f"pid {pid}" in ended.err
    assert "cancelled" in ended.err
    assert database.rows(INDEXES) == [("t_a", True)]


def test_c2_a_prisma_that_comes_while_the_index_is_built_does_not_stop_it_either(
    switching: Lab, database: Database
) -> None:
    """Its wait begins after we looked; the deadlock is found a second later, and leaves an INVALID index."""
    with busy(database, f"BEGIN; UPDATE t SET a = a; {SLEEPS}") as writer:
        run = switching.start()
        until(lambda: database.value(ACTIVE.format("^CREATE INDEX")), "the index is being built")
        until(lambda: database.rows(INDEXES), "it is in its second half")
        with busy(database, PRISMA_WAITS) as pid:
            time.sleep(1.3)  # its own look for a deadlock is over: the next one to look is our statement
            database.execute(f"SELECT pg_terminate_backend({writer})")
            ended = run.end()
    assert ended.status == 0, ended.text
    assert f"pid {pid}" in ended.err
    assert database.rows(INDEXES) == [("t_a", True)]


def test_c2_without_the_right_to_cancel_it_is_named_and_the_run_gives_way(
    switching: Lab, database: Database, postgres: Server
) -> None:
    """A waiter of a stronger role stays: then the run says who it is, and another time may be better."""
    name, password = postgres.create_role()
    database.execute(f'ALTER TABLE t OWNER TO "{name}"; GRANT ALL ON SCHEMA public TO "{name}"')
    database.execute(f'ALTER TABLE _prisma_migrations OWNER TO "{name}"')
    pause = switching.pause()
    run = switching.start("--ddl-lock-budget=1s", url=database.url_for(name, password), fault=pause.at("turn-taken"))
    pause.wait()
    with busy(database, PRISMA_WAITS) as pid:
        time.sleep(1.3)
        pause.let_go()
        ended = run.end()
    assert ended.status == 11, ended.text
    assert f"pid {pid}" in ended.err
    assert database.rows(INDEXES) == []


# -- C3: lock_timeout and CONCURRENTLY ----------------------------------------------------------------------


def test_c3_an_index_waits_for_an_old_snapshot(table: Lab, database: Database, postgres: Server) -> None:
    """With a lock_timeout each try leaves an INVALID index and builds from zero; the wait blocks nobody."""
    name, password = postgres.create_role(lock_timeout="200ms", statement_timeout="0")
    database.execute(f'GRANT ALL ON SCHEMA public TO "{name}"; ALTER TABLE t OWNER TO "{name}"')
    database.execute(f'GRANT ALL ON lockmaster_history TO "{name}"')
    with busy(database, OLD_SNAPSHOT):
        run = table.start("--ddl-lock-timeout=200ms", "--ddl-lock-budget=1s", url=database.url_for(name, password))
        until(lambda: database.rows(INDEXES) == [("t_a", False)], "the index is being built")
        oid = database.value("SELECT 't_a'::regclass::oid")
        time.sleep(2.5)
        assert run.running(), run.err
    ended = run.end()
    assert ended.status == 0, ended.text
    assert "gave way" not in ended.err
    assert database.rows(INDEXES) == [("t_a", True)]
    assert database.value("SELECT 't_a'::regclass::oid") == oid, "it was built in one go"


def test_c3_the_deadline_bounds_that_wait_and_leaves_no_invalid_index(table: Lab, database: Database) -> None:
    """A wait without an end is a wedge; an INVALID index that stays stands in the way of the next run."""
    with busy(database, OLD_SNAPSHOT):
        ended = table.run("--deadline=2s")
        assert ended.status != 0, ended.text
        assert "deadline" in ended.err
    table.good()
    assert database.rows(INDEXES) == [("t_a", True)]


@pytest.mark.parametrize("limit", ["lock_timeout", "statement_timeout"])
def test_c3_clearing_away_an_invalid_index_waits_too(
    table: Lab, database: Database, postgres: Server, limit: str
) -> None:
    """DROP INDEX CONCURRENTLY of what a dead run left waits for the same snapshots, whatever the role's limits are."""
    name, password = postgres.create_role(**{limit: "300ms"})
    database.execute(f'GRANT ALL ON SCHEMA public TO "{name}"; ALTER TABLE t OWNER TO "{name}"')
    database.execute(f'GRANT ALL ON lockmaster_history TO "{name}"')
    table.url = database.url_for(name, password)
    with busy(database, WRITER):
        run = table.start()
        until(lambda: database.rows(INDEXES) == [("t_a", False)], "the index is being built")
        run.kill()
        database.end_orphan()
        until(lambda: not database.value(ACTIVE.format("^CREATE INDEX")), "the orphan has ended", 10)
    with busy(database, WRITER):
        run = table.start()
        until(lambda: database.value(ACTIVE.format("^DROP INDEX")) or not run.running(), "it is being dropped")
        time.sleep(1.2)
        assert run.running(), run.err
    assert run.end().status == 0, run.err
    assert database.rows(INDEXES) == [("t_a", True)]


# -- C4: who gives way --------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--ddl-lock-timeout=800ms", "--ddl-lock-timeout=3s", "--ddl-lock-timeout=0"])
def test_c4_the_application_is_not_the_victim_of_our_deadlock(lab: Lab, database: Database, option: str) -> None:
    """A lock_timeout longer than deadlock_timeout: the server ends the application's transaction, not ours."""
    lab.write("1_t", "CREATE TABLE t1 (x int);\nCREATE TABLE t2 (x int);\nINSERT INTO t1 VALUES (0);")
    lab.good()
    lab.write("2_both", "ALTER TABLE t1 ADD y int;\nALTER TABLE t2 ADD y int;")
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't1'::regclass"
    application = Application(database.url)
    application.send("BEGIN; INSERT INTO t2 VALUES (1)")
    application.wait()
    with database.connect() as gatekeeper, gatekeeper.cursor() as cursor:
        cursor.execute("BEGIN; SELECT count(*) FROM t1")
        run = lab.start(option)
        until(lambda: database.value(waits) == 1, "we wait for t1")
        application.send("UPDATE t1 SET x = x + 1")
        until(lambda: database.value(waits) == 2, "the application waits behind us")
        cursor.execute("COMMIT")  # now we have t1 and want t2, which the application has
    application.wait()  # or 40P01
    application.send("COMMIT")
    application.wait()
    ended = run.end()
    assert ended.status == 0, ended.text
    assert database.value("SELECT x FROM t1") == 1
    assert database.value("SELECT count(*) FROM information_schema.columns WHERE table_name = 't2'") == 2


def test_c4_a_shorter_deadlock_timeout_of_the_server_is_looked_at(
    lab: Lab, make_server: Callable[..., PostgresServer]
) -> None:
    """800 ms are less than the usual second only where nobody changed it."""
    server = make_server(deadlock_timeout="300ms")
    lab.url = server.create_database("app")
    lab.write("1_seen", "CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS l;")
    lab.good()
    (text,) = server.rows("SELECT l FROM seen", "app")[0]
    assert int(text.removesuffix("ms")) < 300


def test_c4_a_lock_that_is_not_to_be_had_ends_the_run_in_time(table: Lab, database: Database) -> None:
    """Within the budget it comes back again and again; then it says so, and nothing is broken."""
    table.write("2_cic", "ALTER TABLE t ADD c int;")
    with busy(database, WRITER):
        began = time.monotonic()
        ended = table.run("--ddl-lock-timeout=100ms", "--ddl-lock-budget=1s")
        assert time.monotonic() - began < 8
        assert ended.status == 11, ended.text
        assert "gave way" in ended.err
        assert "2_cic" in ended.err
        assert database.value("SELECT count(*) FROM lockmaster_history") == 1
    table.good()


def test_c4_a_row_lock_of_the_application_is_waited_for_in_turns(table: Lab, database: Database) -> None:
    """lock_timeout hits row locks too: a backfill beside one locked row gets 55P03."""
    table.write("2_cic", "UPDATE t SET b = b + 1;")
    with busy(database, "BEGIN; UPDATE t SET b = b WHERE a = 1; SELECT pg_sleep(60)"):
        run = table.start("--ddl-lock-timeout=100ms")
        until(lambda: "gave way" in run.err, "it gives way")
    assert run.end().status == 0, run.err
    assert database.value("SELECT sum(b) FROM t") == 5050 + 100


def test_c4_a_retry_repeats_a_piece_and_never_the_file(table: Lab, database: Database) -> None:
    """The first piece of such a file has committed when the second one cannot get its lock."""
    table.write("2_cic", "BEGIN;\nINSERT INTO t VALUES (0, 0);\nCOMMIT;\nALTER TABLE t ADD c int;")
    with busy(database, f"BEGIN; SELECT count(*) FROM t; {SLEEPS}"):
        run = table.start("--ddl-lock-timeout=100ms")
        until(lambda: run.err.count("gave way") >= 2, "it gives way twice")
    assert run.end().status == 0, run.err
    assert database.value("SELECT count(*) FROM t WHERE a = 0") == 1


@pytest.mark.parametrize("script", ["SET LOCAL lock_timeout = '9s';", "SET lock_timeout = 0;"])
def test_c4_a_scripts_own_lock_timeout_wins_and_is_told(lab: Lab, database: Database, script: str) -> None:
    """pg_dump's header sets it to 0: its author's wish, and a surprise for whoever trusts in ours."""
    lab.write("1_own", f"{script}\nCREATE TABLE seen AS SELECT current_setting('lock_timeout') AS l;")
    lab.write("2_next", "INSERT INTO seen SELECT current_setting('lock_timeout');")
    ended = lab.good()
    assert [row[0] for row in database.rows("SELECT l FROM seen")] == ["9s" if "9s" in script else "0", "800ms"]
    assert "lock_timeout" in ended.err
    assert "1_own" in ended.err


# -- C5: waiters --------------------------------------------------------------------------------------------


def test_c5_waiters_leave_when_connections_are_scarce(lab: Lab, make_server: Callable[..., PostgresServer]) -> None:
    """Ten of them on a small server starve their own holder, and the application."""
    server = make_server(max_connections=10)
    lab.url = server.create_database("app")
    lab.write("1_m", "CREATE TABLE t (x int);")
    holder = psycopg2.connect(lab.url)
    holder.autocommit = True
    holder.cursor().execute(f"SELECT pg_advisory_lock({KEY})")
    others = [psycopg2.connect(lab.url) for _ in range(6)]
    run = lab.start()
    until(lambda: "scarce" in run.err, "it leaves")
    ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'lockmaster/%'"
    cursor = holder.cursor()

    def away() -> bool:
        cursor.execute(ours)
        return bool(cursor.fetchall()[0][0] == 0)

    until(away, "its connection is free")
    for other in others:
        other.close()
    holder.close()
    assert run.end().status == 0, run.err


def test_c5_the_announcement_is_part_of_the_last_record(lab: Lab, database: Database) -> None:
    """A NOTIFY before the COMMIT wakes waiters too early; one after it is lost with a dead holder."""
    with database.connect() as waiter, waiter.cursor() as cursor:
        cursor.execute(f"LISTEN lockmaster_{KEY}")

        def heard() -> int:
            waiter.poll()
            return len(waiter.notifies)

        lab.write("1_m", "CREATE TABLE t (x int);")
        lab.write("2_fails", "SELECT 1 / 0;")
        assert lab.run().status == 12
        assert heard() == 0
        lab.write("2_fails", "SELECT 1;")
        lab.good()
        until(heard, "the announcement", 5)
        assert heard() == 1


def test_c5_a_waiter_is_woken_by_the_commit(lab: Lab, database: Database) -> None:
    """Order is LISTEN, read, sleep: a NOTIFY between the read and a later LISTEN would be missed."""
    lab.write("1_slow", "CREATE TABLE slow AS SELECT pg_sleep(3)::text;")
    first = lab.start()
    until(lambda: database.value(ACTIVE.format("pg_sleep")), "it runs")
    second = lab.start()
    until(lambda: "waiting for the turn" in second.err, "it waits")
    assert first.end().status == 0
    began = time.monotonic()
    assert second.end().status == 0
    assert time.monotonic() - began < 1.0


# -- C6: stopping -------------------------------------------------------------------------------------------


def test_c6a_sigterm_cancels_rolls_back_and_releases(lab: Lab, database: Database) -> None:
    """Raising out of a wait closes the connection: no rollback is known of, no release, and the backend works on."""
    lab.write("1_slow", "CREATE TABLE half (x int);\nSELECT pg_sleep(60);")
    run = lab.start()
    until(lambda: database.value(ACTIVE.format("pg_sleep")), "it runs")
    began = time.monotonic()
    run.terminate()
    ended = run.end(5)
    assert time.monotonic() - began < 2.5
    assert ended.status == 143, ended.text
    assert database.value(ACTIVE.format("pg_sleep")) == 0
    assert database.value("SELECT to_regclass('half') IS NULL")
    assert database.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


def test_c6b_sigterm_ends_on_a_silent_network(
    lab: Lab, database: Database, postgres: PostgresServer, make_proxy: Callable[..., Proxy]
) -> None:
    """cancel() never returns there, and holds the GIL: no handler and no thread runs either."""
    proxy = make_proxy(postgres)
    lab.url = proxy.url(database.url)
    lab.write("1_slow", "SELECT pg_sleep(60);")
    run = lab.start()
    until(lambda: database.value(ACTIVE.format("pg_sleep")), "it runs")
    proxy.freeze()
    began = time.monotonic()
    run.terminate()
    assert run.end(8).status == 143
    assert time.monotonic() - began < 3.5


def test_c6c_sigterm_ends_during_a_look_up_of_a_name(lab: Lab) -> None:
    """Inside libpq a look-up with a silent name server lasts ten seconds, and ends with 1 instead of 143."""
    need_root("for a /etc/resolv.conf of its own")
    need(os.system("unshare -m true") == 0, "needs the right to unshare mounts")  # noqa: S605 - a constant
    resolv = lab.home / "resolv.conf"
    resolv.write_text("nameserver 192.0.2.1\noptions timeout:20\n")
    lab.write("1_m", "SELECT 1;")
    script = f'mount --bind {resolv} /etc/resolv.conf && exec "$@"'
    run = lab.start(
        url="postgresql://u:S3cr3t@db.example.internal/app", prefix=["unshare", "-m", "sh", "-c", script, "sh"]
    )
    time.sleep(1.5)
    assert run.running(), run.err
    began = time.monotonic()
    run.terminate()
    assert run.end(8).status == 143, run.err
    assert time.monotonic() - began < 2.5


def test_c6d_the_library_leaves_its_hosts_psycopg2_alone(lab: Lab, database: Database) -> None:
    """A global wait callback breaks copy_expert and lobject of a host program."""
    import io

    lab.write("1_m", "CREATE TABLE t (x int);")
    handler = signal.getsignal(signal.SIGTERM)
    result = lockmaster.migrate(database.url, dir=str(lab.dir))
    assert result.applied == ("1_m",)
    assert psycopg2.extensions.get_wait_callback() is None
    assert signal.getsignal(signal.SIGTERM) is handler
    with database.connect() as host, host.cursor() as cursor:
        cursor.copy_expert("COPY t FROM STDIN", io.StringIO("1\n2\n"))
    assert database.value("SELECT count(*) FROM t") == 2


# -- C7: a lost connection ----------------------------------------------------------------------------------


def test_c7_a_cut_connection_is_judged_under_the_turn(
    lab: Lab, database: Database, postgres: PostgresServer, make_proxy: Callable[..., Proxy]
) -> None:
    """Read at once after the cut, the history says "not applied", and seconds later the orphan has committed it."""
    proxy = make_proxy(postgres)
    lab.write("1_acc", "CREATE TABLE acc AS SELECT 10 AS n;")
    lab.good()
    lab.url = proxy.url(database.url)
    # the server does not look at its socket while it works: the orphan commits three seconds after the cut
    blind = "SET LOCAL client_connection_check_interval = 0;\n" if postgres.sees_dead_clients else ""
    lab.write("2_double", f"{blind}SELECT pg_sleep(3);\nUPDATE acc SET n = n * 2;")
    run = lab.start()
    until(lambda: database.value(ACTIVE.format("pg_sleep")), "it runs")
    proxy.cut()
    proxy.restore()
    ended = run.end()
    assert ended.status == 0, ended.text
    assert re.search("lost", ended.err)
    assert database.value("SELECT n FROM acc") == 20
    assert database.value("SELECT count(*) FROM lockmaster_history") == 2


# -- C8: SQLite ---------------------------------------------------------------------------------------------


def test_c8_a_commit_beside_a_reader_is_repeated_inside_its_transaction(lite: Lab) -> None:
    """'database is locked' from COMMIT leaves the transaction open; outside of it everything would run again."""
    lite.write("1_t", "CREATE TABLE t (x int);\nINSERT INTO t VALUES (1), (2);")
    lite.good()
    lite.write("2_u", "UPDATE t SET x = x * 10;")
    reader = sqlite3.connect(lite.home / "app.db", isolation_level=None)
    pause = lite.pause()
    run = lite.start(fault=pause.at("recorded"))
    pause.wait()
    cursor = reader.execute("SELECT x FROM t")
    assert cursor.fetchone() == (1,)
    pause.let_go()
    time.sleep(0.4)
    assert run.running()
    cursor.close()
    assert run.end().status == 0, run.err
    assert reader.execute("SELECT x FROM t ORDER BY 1").fetchall() == [(10,), (20,)]
    reader.close()


@pytest.mark.parametrize("command", ["status", "gate"])
def test_c8_looking_does_not_create_the_file(lite: Lab, command: str) -> None:
    """sqlite3.connect(path) makes a file of 0 bytes."""
    lite.write("1_t", "CREATE TABLE t (x int);")
    lite.run(*(["--deadline=1s"] if command == "gate" else []), command=command)
    assert not (lite.home / "app.db").exists()


def test_c8_what_a_dead_writer_left_is_rolled_back_by_a_look(lite: Lab) -> None:
    """With mode=ro a hot journal is 'attempt to write a readonly database'."""
    lite.write("1_t", "CREATE TABLE t (x int);")
    lite.good()
    script = f"""import os, sqlite3
c = sqlite3.connect({str(lite.home / "app.db")!r}, isolation_level=None)
c.execute("PRAGMA cache_size=1"); c.execute("BEGIN IMMEDIATE")
c.execute("CREATE TABLE big (x)")
c.executemany("INSERT INTO big VALUES (?)", [("x" * 4000,)] * 200)
os.kill(os.getpid(), 9)"""
    assert os.spawnv(os.P_WAIT, os.sys.executable, ["python", "-I", "-c", script]) == -9  # type: ignore[attr-defined]
    assert (lite.home / "app.db-journal").exists()
    ended = lite.good("--check", command="status")
    assert "1_t" in ended.out
