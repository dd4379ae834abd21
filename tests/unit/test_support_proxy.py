"""The proxy loses the network where it is told to."""

import threading
import time
from collections.abc import Iterator

import psycopg2
import psycopg2.extensions
import pytest

from tests.support.database import Database
from tests.support.postgres import Server
from tests.support.proxy import Proxy

COMMIT_SENT = rb"Q....COMMIT"
COMMIT_ANSWERED = rb"C....COMMIT\x00"
Connection = psycopg2.extensions.connection


@pytest.fixture
def proxy(postgres: Server) -> Iterator[Proxy]:
    url = psycopg2.extensions.parse_dsn(postgres.url())
    with Proxy(url["host"], int(url["port"])) as proxy:
        yield proxy


@pytest.fixture
def connection(proxy: Proxy, database: Database) -> Iterator[Connection]:
    database.execute("CREATE TABLE t (n int)")
    connection = psycopg2.connect(proxy.url(database.url), sslmode="disable")
    yield connection
    connection.close()


def insert(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (1)")


def count(database: Database, expected: int) -> int:
    """Count the rows; the server may need a moment to notice."""
    deadline = time.monotonic() + 5
    while (n := database.value("SELECT count(*) FROM t")) != expected and time.monotonic() < deadline:
        time.sleep(0.01)
    assert isinstance(n, int)
    return n


def test_passes_everything_on(connection: Connection, database: Database) -> None:
    big = "x" * 3_000_000
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", (big,))
        assert cursor.fetchone() == (big,)
    insert(connection)
    connection.commit()
    assert count(database, 1) == 1


def test_cut_before_commit_loses_it(proxy: Proxy, connection: Connection, database: Database) -> None:
    hook = proxy.on_bytes(COMMIT_SENT, "cut", when="before")
    insert(connection)
    with pytest.raises(psycopg2.OperationalError):
        connection.commit()
    assert hook.fired.is_set()
    assert count(database, 0) == 0


@pytest.mark.parametrize("side", ["client", "server"])
def test_cut_between_commit_and_answer_keeps_it(
    proxy: Proxy, connection: Connection, database: Database, side: str
) -> None:
    if side == "client":
        proxy.on_bytes(COMMIT_SENT, "cut", side="client", when="after")
        proxy.delay(0.2, "server")  # else the answer may be back before the cut
    else:
        proxy.on_bytes(COMMIT_ANSWERED, "cut", side="server", when="before")
    insert(connection)
    with pytest.raises(psycopg2.OperationalError):
        connection.commit()
    assert count(database, 1) == 1


def test_cut_after_answer_lets_the_commit_succeed(proxy: Proxy, connection: Connection, database: Database) -> None:
    hook = proxy.on_bytes(COMMIT_ANSWERED, "cut", side="server", when="after")
    insert(connection)
    connection.commit()
    assert hook.fired.wait(5)
    assert count(database, 1) == 1


def test_cut_refuses_until_restored(proxy: Proxy, connection: Connection, database: Database) -> None:
    proxy.cut()
    with pytest.raises(psycopg2.OperationalError):
        insert(connection)
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        psycopg2.connect(proxy.url(database.url))
    proxy.restore()
    psycopg2.connect(proxy.url(database.url)).close()


def test_frozen_takes_connections_and_stays_silent(proxy: Proxy, database: Database) -> None:
    proxy.freeze()
    with pytest.raises(psycopg2.OperationalError, match="timeout expired"):
        psycopg2.connect(proxy.url(database.url), connect_timeout=2)
    proxy.thaw()
    psycopg2.connect(proxy.url(database.url)).close()


def test_thaw_hands_on_what_was_kept(proxy: Proxy, connection: Connection, database: Database) -> None:
    insert(connection)
    proxy.freeze()
    thread = threading.Thread(target=connection.commit)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    assert count(database, 0) == 0
    proxy.thaw()
    thread.join(5)
    assert count(database, 1) == 1


def test_delay_adds_to_each_way(proxy: Proxy, connection: Connection) -> None:
    proxy.delay(0.1)
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SET application_name = 'x'")  # BEGIN and SET, two turns
    assert 0.39 < time.monotonic() - began < 2
