"""SIGTERM at every place where it may wait: 143 within two seconds, nothing half-done, and the next run finishes."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg2
import pytest

from lockmaster.errors import Exit
from lockmaster.faults import Fault
from lockmaster.formats.native_history import lock_id
from tests.crash.conftest import MakeWorld
from tests.crash.program import Program, Run, until
from tests.crash.scenarios import BATCH, CONCURRENTLY, POOLED, SLEEPER, SLEEPER_POOLED
from tests.crash.world import World
from tests.support.needs import need_program, need_root
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer
from tests.support.proxy import Proxy

pytestmark = [pytest.mark.crash]
LIMIT = 3.0  # the promise is two; one more for a busy machine


def ends_by(run: Run) -> None:
    """SIGTERM, and what is promised about it."""
    assert run.status() is None, run.text
    began = time.monotonic()
    run.terminate()
    status = run.wait(20)
    took = time.monotonic() - began
    assert status == Exit.STOPPED, run.text
    assert took < LIMIT, f"it took {took:.1f} s:\n{run.text}"
    assert "Traceback" not in run.text


@contextmanager
def another_session(server: PostgresServer, world: World) -> Iterator[psycopg2.extensions.cursor]:
    """A session beside the program, in autocommit."""
    with server.connect(world.database) as connection, connection.cursor() as cursor:
        yield cursor


# -- before the turn --


def test_while_waiting_for_a_database_that_is_not_there(tmp_path: Path) -> None:
    folder = BATCH.folder.write(tmp_path / "migrations")
    program = Program(folder, f"postgresql://u:p@127.0.0.1:{free_port()}/app", tmp_path)
    run = program.start()
    until(lambda: "refused" in run.text, "it waits")
    ends_by(run)


def test_while_a_server_accepts_and_is_silent(tmp_path: Path) -> None:
    folder = BATCH.folder.write(tmp_path / "migrations")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        program = Program(folder, f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/app", tmp_path)
        run = program.start()
        silent.settimeout(20)
        accepted, _ = silent.accept()
        with accepted:
            ends_by(run)


def test_while_a_name_is_resolved_by_a_silent_name_server(tmp_path: Path) -> None:
    need_root("makes a mount namespace, in which another /etc/resolv.conf is used")
    unshare = need_program("unshare", "util-linux")
    folder = BATCH.folder.write(tmp_path / "migrations")
    address = f"127.83.{tmp_path.stat().st_ino % 250}.{time.time_ns() % 250 + 1}"
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(f"nameserver {address}\noptions timeout:30 attempts:1\n")
    mount = f"mount --bind {resolv} /etc/resolv.conf && exec \"$@\""
    prefix = [unshare, "--mount", "sh", "-c", mount, "sh"]
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind((address, 53))
        silent.settimeout(20)
        program = Program(folder, "postgresql://u:p@db.example.test/app", tmp_path, prefix=prefix)
        run = program.start()
        assert b"example" in silent.recv(512)  # it asks, and gets no answer
        ends_by(run)


@pytest.mark.parametrize("scenario", [BATCH, POOLED], ids=str)
def test_while_waiting_for_the_turn(make_world: MakeWorld, postgres: PostgresServer, scenario: object) -> None:
    world = make_world(scenario)
    with another_session(postgres, world) as cursor:
        cursor.execute(f"SELECT pg_advisory_lock({lock_id('public')})")
        run = world.program.start()
        until(lambda: "turn" in run.text, "it waits for the turn")
        ends_by(run)
    world.finishes()


# -- with the turn --


@pytest.mark.parametrize("scenario", [SLEEPER, SLEEPER_POOLED], ids=str)
def test_in_a_long_statement(make_world: MakeWorld, postgres: PostgresServer, scenario: object) -> None:
    world = make_world(scenario)
    with another_session(postgres, world) as cursor:
        run = world.program.start()
        until(lambda: working(cursor), "it works")
        ends_by(run)
        until(lambda: nobody(cursor), "nobody works or holds the turn any more", 1.0)
        cursor.execute("SELECT to_regclass('sleeper') IS NULL")
        assert cursor.fetchone() == (True,), "something of the migration is left"
    world.awake()
    world.finishes()


def test_in_a_long_statement_of_a_batch_what_was_committed_stays(
    make_world: MakeWorld, postgres: PostgresServer
) -> None:
    world = make_world(SLEEPER)
    with another_session(postgres, world) as cursor:
        run = world.program.start()
        until(lambda: working(cursor), "it works")
        ends_by(run)
        cursor.execute("SELECT count(*) FROM lockmaster_history WHERE applied_at IS NOT NULL")
        assert cursor.fetchone() == (1,)
    world.awake()
    world.finishes()


def test_in_create_index_concurrently(make_world: MakeWorld, postgres: PostgresServer) -> None:
    world = make_world(CONCURRENTLY)
    with ExitStack() as stack:
        cursor = stack.enter_context(another_session(postgres, world))
        with world.paused(Fault.INTENT) as run:
            old = stack.enter_context(another_session(postgres, world))
            old.execute("BEGIN; UPDATE item SET a = a WHERE id = 1")  # the index has to wait for its end
        until(lambda: working(cursor), "it waits for the old transaction")
        ends_by(run)
        until(lambda: nobody(cursor), "nobody works or holds the turn any more", 1.0)
    world.finishes()


@pytest.mark.parametrize("fault", [Fault.MESSAGE_ANSWERED, Fault.HISTORY_CREATED, Fault.DONE, Fault.ALONE_ANSWERED])
def test_between_two_steps(make_world: MakeWorld, server_source: str, fault: Fault) -> None:
    del server_source
    world = make_world(CONCURRENTLY)
    with world.paused(fault) as run:
        run.terminate()
    assert run.wait(20) == Exit.STOPPED, run.text
    world.finishes()


def test_while_it_gives_way_to_live_traffic(make_world: MakeWorld, postgres: PostgresServer) -> None:
    world = make_world(BATCH)
    with ExitStack() as stack:
        with world.paused(Fault.MESSAGE_ANSWERED) as run:
            run.kill()
        world.add("9001_blocked", "ALTER TABLE item ADD COLUMN late int;")
        app = stack.enter_context(another_session(postgres, world))
        app.execute("BEGIN; LOCK TABLE item IN ACCESS SHARE MODE")
        run = world.program.start()
        until(lambda: "retry" in run.text.lower() or "again" in run.text, "it gives way")
        ends_by(run)
    status, text = world.program.finish()
    assert status == 0, text


# -- a network that swallows everything --


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[Proxy]:
    with Proxy(postgres.host, postgres.port) as one:
        yield one


def in_statement(world: World, cursor: psycopg2.extensions.cursor) -> Callable[[Run], bool]:
    del world
    return lambda _run: working(cursor)


def test_on_a_silent_network_in_a_statement(
    make_world: MakeWorld, postgres: PostgresServer, proxy: Proxy
) -> None:
    world = make_world(SLEEPER, through=proxy.url)
    with another_session(postgres, world) as cursor:
        run = world.program.start()
        until(lambda: working(cursor), "it works")
        proxy.freeze()
        ends_by(run)
        proxy.cut()  # the server's own keepalives would tell it in seconds
        proxy.thaw()
        until(lambda: nobody(cursor), "the orphan is gone", 8.0)
    proxy.restore()
    world.awake()
    world.finishes()


@pytest.mark.parametrize("fault", [Fault.CONNECTED, Fault.TURN_TAKEN, Fault.MESSAGE_READY, Fault.APPLIED])
def test_on_a_silent_network_at_a_point(make_world: MakeWorld, proxy: Proxy, fault: Fault) -> None:
    world = make_world(BATCH, through=proxy.url)
    with world.paused(fault) as run:
        proxy.freeze()
    time.sleep(0.2)  # it sends, and waits for an answer that does not come
    ends_by(run)
    proxy.cut()
    proxy.thaw()
    proxy.restore()
    world.finishes()


# -- inside --


def working(cursor: psycopg2.extensions.cursor) -> bool:
    """Somebody of ours is in a statement that takes long."""
    cursor.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'lockmaster/%' AND state = 'active'"
        " AND datname = current_database() AND (wait_event = 'PgSleep' OR query LIKE 'CREATE INDEX CONC%'"
        " AND wait_event_type = 'Lock')"
    )
    return cursor.fetchone() == (1,)


def nobody(cursor: psycopg2.extensions.cursor) -> bool:
    """Nobody of ours is in a statement, and the turn is free."""
    cursor.execute(
        "SELECT (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'lockmaster/%' AND state <> 'idle'"
        " AND datname = current_database()) + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database"
        " = (SELECT oid FROM pg_database WHERE datname = current_database()))"
    )
    return cursor.fetchone() == (0,)
