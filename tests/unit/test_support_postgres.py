"""The servers that all other tests stand on."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

from tests.support.database import Database
from tests.support.postgres import PostgresServer, Server, start_server

Maker = Callable[..., PostgresServer]


@pytest.mark.parametrize("source", ["wheel16", "wheel18", "debian15"])
def test_source_starts_its_major(source: str) -> None:
    server = start_server(source)
    assert server.major == int(source[-2:])
    server.destroy()
    assert not server.folder.exists()


def test_server_of_this_run_is_its_major(postgres: Server, server_source: str) -> None:
    if isinstance(postgres, PostgresServer):
        assert postgres.major == int(server_source[-2:])


def test_database_is_fresh_and_reached_over_tcp_and_socket(database: Database) -> None:
    database.execute("CREATE TABLE t AS SELECT 7 AS n")
    assert database.value("SELECT n FROM t") == 7
    if isinstance(database.server, PostgresServer):
        with psycopg2.connect(database.socket_url) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT n FROM t")
            assert cursor.fetchall() == [(7,)]
        connection.close()


def test_database_of_the_test_before_is_gone(postgres: Server, database: Database) -> None:
    assert database.rows("SELECT to_regclass('t')") == [(None,)]
    assert postgres.major >= 13


def test_wrong_password_is_refused(database: Database) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(database.url_for("postgres", "wrong"))


def test_role_has_its_settings(database: Database) -> None:
    user, password = database.server.create_role(default_transaction_read_only="on")
    connection = psycopg2.connect(database.url_for(user, password))
    with connection.cursor() as cursor:
        cursor.execute("SHOW default_transaction_read_only")
        assert cursor.fetchall() == [("on",)]
    connection.close()


def test_dump_is_the_same_for_the_same_content(make_database: Callable[..., Database]) -> None:
    one, two = make_database(), make_database()
    for each in (one, two):
        each.execute("CREATE TABLE t (id int PRIMARY KEY)")
    assert "CREATE TABLE public.t" in one.dump()
    assert one.dump() == two.dump()


def test_restart_immediate_keeps_port_and_committed_rows(make_server: Maker) -> None:
    server = make_server()
    server.execute("CREATE TABLE t AS SELECT 1")
    before = server.pid
    server.restart("immediate")
    assert server.pid != before
    assert server.rows("SELECT * FROM t") == [(1,)]
    assert "database system was not properly shut down" in server.log()


def test_stopped_server_refuses_and_starts_again(make_server: Maker) -> None:
    server = make_server()
    server.stop()
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        server.rows("SELECT 1")
    server.start()
    assert server.rows("SELECT 1") == [(1,)]


def test_settings_and_log(make_server: Maker) -> None:
    server = make_server(max_connections=17, log_statement="all")
    assert server.rows("SHOW max_connections") == [("17",)]
    mark = server.log_mark()
    server.rows("SELECT 'hello'")
    assert re.search(r"\[\d+\] \[test\] \[00000\] LOG:  statement: SELECT 'hello'", server.log(mark))
    assert "max_connections" not in server.log(mark)


ABANDON = """
import sys, time
sys.path.insert(0, {root!r})
from tests.support.postgres import start_server
server = start_server("wheel18")
print(server.pid, server.folder, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_servers_end_also_when_the_tests_are_killed(number: signal.Signals) -> None:
    script = ABANDON.format(root=str(Path(__file__).parents[2]))
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as tests:
        assert tests.stdout is not None
        pid, folder = tests.stdout.readline().split()
        tests.send_signal(number)
    deadline = time.monotonic() + 10
    home = Path(folder).parent
    while (_alive(int(pid)) or home.exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(int(pid))
    assert not home.exists()


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
