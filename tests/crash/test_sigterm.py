"""SIGTERM at every place where it may wait: 143 within two seconds, nothing half-done, and the next run finishes."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from lockmaster.errors import Exit
from lockmaster.faults import Fault
from lockmaster.formats.native_history import lock_id
from tests.crash.conftest import MakeWorld
from tests.crash.program import Program, is_stopped
from tests.crash.scenarios import AWAKE, BATCH, CONCURRENTLY, POOLED, SLEEPER, SLEEPER_POOLED, Scenario
from tests.crash.sessions import in_a_long_statement, is_at_rest
from tests.support.cli import until
from tests.support.needs import need_program, need_root
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer
from tests.support.proxy import Proxy

pytestmark = [pytest.mark.crash, pytest.mark.usefixtures("server_source")]


@pytest.fixture
def nowhere(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Make a program whose database cannot be worked with: nowhere(url)."""
    folder = BATCH.folder.write(tmp_path / "migrations")
    with ExitStack() as stack:

        def make(url: str, prefix: Sequence[str] = ()) -> Program:
            program = Program(folder, url, prefix=prefix)
            stack.callback(program.close)
            return program

        yield make


# -- before the turn --


def test_while_waiting_for_a_database_that_is_not_there(nowhere: Callable[..., Program]) -> None:
    program = nowhere(f"postgresql://u:p@127.0.0.1:{free_port()}/app")
    run = program.start()
    until(lambda: "refused" in run.text, "it waits")
    is_stopped(run)


def test_while_a_server_accepts_and_is_silent(nowhere: Callable[..., Program]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        program = nowhere(f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/app")
        run = program.start()
        silent.settimeout(20)
        accepted, _ = silent.accept()
        with accepted:
            is_stopped(run)


def test_while_a_name_is_resolved_by_a_silent_name_server(nowhere: Callable[..., Program], tmp_path: Path) -> None:
    need_root("makes a mount namespace, in which another /etc/resolv.conf is used")
    unshare = need_program("unshare", "util-linux")
    address = f"127.83.{tmp_path.stat().st_ino % 250}.{time.time_ns() % 250 + 1}"
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(f"nameserver {address}\noptions timeout:30 attempts:1\n")
    mount = f'mount --bind {resolv} /etc/resolv.conf && exec "$@"'
    prefix = [unshare, "--mount", "sh", "-c", mount, "sh"]
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind((address, 53))
        silent.settimeout(20)
        program = nowhere("postgresql://u:p@db.example.test/app", prefix)
        run = program.start()
        assert b"example" in silent.recv(512)  # it asks, and gets no answer
        is_stopped(run)


@pytest.mark.parametrize("scenario", [BATCH, POOLED], ids=str)
def test_while_waiting_for_the_turn(make_world: MakeWorld, scenario: Scenario) -> None:
    world = make_world(scenario)
    with world.session() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock({lock_id('public')})")
        run = world.program.start()
        until(lambda: "turn" in run.text, "it waits for the turn")
        is_stopped(run)
    world.finishes()


def test_while_it_left_a_crowded_server_to_come_back(make_world: MakeWorld, crashing_server: PostgresServer) -> None:
    world = make_world(BATCH, server=crashing_server)
    with ExitStack() as stack:
        cursor = stack.enter_context(world.session())
        cursor.execute(f"SELECT pg_advisory_lock({lock_id('public')})")
        run = world.program.start()
        until(lambda: "turn" in run.text, "it waits for the turn")
        time.sleep(6)  # its pauses grow to their longest
        for _ in range(36):  # of 50
            stack.enter_context(world.session())
        until(lambda: "scarce" in run.text, "it leaves")
        is_stopped(run)
    world.finishes()


# -- with the turn --


@pytest.mark.parametrize("scenario", [SLEEPER, SLEEPER_POOLED], ids=str)
def test_in_a_long_statement(make_world: MakeWorld, scenario: Scenario) -> None:
    world = make_world(scenario)
    with world.session() as cursor:
        run = world.program.start()
        until(lambda: in_a_long_statement(cursor), "it works")
        is_stopped(run)
        until(lambda: is_at_rest(cursor), "nobody works or holds the turn any more", 1.0)
        cursor.execute("SELECT to_regclass('sleeper') IS NULL")
        assert cursor.fetchone() == (True,), "something of the migration is left"
    world.database.execute(AWAKE)
    world.finishes()


def test_in_a_long_statement_of_a_batch_what_was_committed_stays(make_world: MakeWorld) -> None:
    world = make_world(SLEEPER)
    with world.session() as cursor:
        run = world.program.start()
        until(lambda: in_a_long_statement(cursor), "it works")
        is_stopped(run)
        cursor.execute("SELECT count(*) FROM lockmaster_history WHERE applied_at IS NOT NULL")
        assert cursor.fetchone() == (1,)
    world.database.execute(AWAKE)
    world.finishes()


def test_in_create_index_concurrently(make_world: MakeWorld) -> None:
    world = make_world(CONCURRENTLY)
    with ExitStack() as stack:
        cursor = stack.enter_context(world.session())
        with world.paused(Fault.INTENT) as run:
            old = stack.enter_context(world.session())
            old.execute("BEGIN; UPDATE item SET a = a WHERE id = 1")  # the index has to wait for its end
        until(lambda: in_a_long_statement(cursor), "it waits for the old transaction")
        is_stopped(run)
        until(lambda: is_at_rest(cursor), "nobody works or holds the turn any more", 1.0)
    world.finishes()


@pytest.mark.parametrize("fault", [Fault.MESSAGE_ANSWERED, Fault.HISTORY_CREATED, Fault.DONE, Fault.ALONE_ANSWERED])
def test_between_two_steps(make_world: MakeWorld, fault: Fault) -> None:
    world = make_world(CONCURRENTLY)
    with world.paused(fault) as run:
        run.terminate()
    assert run.ends(20) == Exit.STOPPED, run.text
    world.finishes()


def test_while_it_gives_way_to_live_traffic(make_world: MakeWorld) -> None:
    world = make_world(BATCH)
    with ExitStack() as stack:
        with world.paused(Fault.MESSAGE_ANSWERED) as run:
            run.kill9()
        (world.home / "migrations" / "9001_late.sql").write_text("ALTER TABLE item ADD COLUMN late int;")
        app = stack.enter_context(world.session())
        app.execute("BEGIN; LOCK TABLE item IN ACCESS SHARE MODE")
        run = world.program.start()
        until(lambda: "retry" in run.text.lower() or "again" in run.text, "it gives way")
        is_stopped(run)
    status, text = world.program.finish()
    assert status == 0, text


# -- a network that swallows everything --


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[Proxy]:
    with Proxy(postgres.host, postgres.port) as one:
        yield one


def test_on_a_silent_network_in_a_statement(make_world: MakeWorld, proxy: Proxy) -> None:
    world = make_world(SLEEPER, through=proxy.url)
    with world.session() as cursor:
        run = world.program.start()
        until(lambda: in_a_long_statement(cursor), "it works")
        proxy.freeze()
        is_stopped(run)
        proxy.cut()  # the server's own keepalives would tell it in seconds
        proxy.thaw()
        world.database.end_orphan()
        until(lambda: is_at_rest(cursor), "the orphan is gone", 8.0)
    proxy.restore()
    world.database.execute(AWAKE)
    world.finishes()


@pytest.mark.parametrize("fault", [Fault.CONNECTED, Fault.TURN_TAKEN, Fault.MESSAGE_READY, Fault.APPLIED])
def test_on_a_silent_network_at_a_point(make_world: MakeWorld, proxy: Proxy, fault: Fault) -> None:
    world = make_world(BATCH, through=proxy.url)
    with world.paused(fault) as run:
        proxy.freeze()
    time.sleep(0.2)  # it sends, and waits for an answer that does not come
    is_stopped(run)
    proxy.cut()
    proxy.thaw()
    proxy.restore()
    world.finishes()
