"""PostgreSQL and MariaDB: ready is who answers a query, and every other state has the server's own words."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.steps.wait.looks import look
from tests.support.certificates import Authority
from tests.support.cli import until
from tests.support.mariadb import MariaDB
from tests.support.speaker import Speaker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.database import Database
    from tests.support.postgres import PostgresServer, Server
    from tests.support.proxy import Proxy


def test_postgres(database: Database, postgres: Server) -> None:
    assert look(database.url) == (True, "", False)
    assert look(database.url.replace("postgresql://", "postgres://")).ready
    wrong = postgres.url("postgres", postgres.superuser, "wrong")
    assert look(wrong).state == 'password authentication failed for user "postgres"'
    assert look(wrong, password=postgres.password).ready
    assert look(postgres.url("no_such_database")).state == 'database "no_such_database" does not exist'


def test_postgres_that_is_to_take_writes(make_server: Callable[..., PostgresServer]) -> None:
    """A standby answers, so it is ready, unless the URL says by libpq's own word that writes are needed."""
    server = make_server()
    url = server.url()
    assert look(f"{url}?target_session_attrs=read-write").ready
    server.stop()
    (server.data / "standby.signal").touch()
    server.configure(primary_conninfo="host=127.0.0.1 port=1", hot_standby="on")
    server.start()
    assert look(url).ready
    seen = look(f"{url}?target_session_attrs=read-write")
    assert not seen.ready
    assert "read-only" in seen.state or "hot standby" in seen.state


def test_postgres_that_is_starting_up(make_server: Callable[..., PostgresServer]) -> None:
    """What it answers while it recovers: it takes connections already, and no work yet."""
    server = make_server()
    server.stop()
    (server.data / "standby.signal").touch()
    server.configure(primary_conninfo="host=127.0.0.1 port=1", hot_standby="off")
    with suppress(RuntimeError):  # it never says that it is ready
        server._start_once(0)
    try:
        until(lambda: "the database system" in look(server.url()).state, "it says why it gives no session")
        assert not look(server.url()).ready
    finally:
        server.stop("immediate")


def test_postgres_whose_connection_freezes(
    make_server: Callable[..., PostgresServer], make_proxy: Callable[..., Proxy]
) -> None:
    server = make_server()
    proxy = make_proxy(server)
    url = proxy.url(server.url())
    assert look(url).ready
    frozen = proxy.on_bytes(rb"SELECT 1", "freeze")
    assert look(url, limit=1.0) == (False, "SELECT 1: no answer within 1s", False)
    assert frozen.fired.is_set()
    assert look(url, limit=1.0) == (False, "it accepts connections and does not answer", False)
    proxy.thaw()
    assert look(url).ready


@pytest.fixture(scope="module")
def mariadb(good: tuple[Path, Path]) -> Iterator[MariaDB]:
    with MariaDB(good) as server:
        yield server


@pytest.mark.parametrize("scheme", ["mysql", "mariadb"])
def test_mysql(mariadb: MariaDB, scheme: str) -> None:
    base = f"{scheme}://app:secret@{mariadb.host}:{mariadb.port}"
    assert look(base) == (True, "", False)
    assert look(f"{base}/app?connection_limit=5").ready
    assert look(f"{base}/nope").state == "Access denied for user 'app'@'%' to database 'nope'"
    wrong = look(base.replace("secret", "wrong"))
    assert wrong.state == "Access denied for user 'app'@'127.0.0.1' (using password: YES)"
    assert look(base.replace("secret", "wrong"), password="secret").ready


def test_mysql_with_an_authority_of_ones_own(mariadb: MariaDB, authority: Authority, tmp_path: Path) -> None:
    url = f"mysql://app:secret@{mariadb.host}:{mariadb.port}/app"
    assert look(url, ca=authority.ca).ready
    stranger = Authority(tmp_path, "stranger")
    assert look(url, ca=stranger.ca).state == "TLS: unable to get local issuer certificate"
    assert look(url, ca=stranger.ca, insecure=True).ready


def test_mysql_where_tls_is_needed_and_not_there(authority: Authority) -> None:
    """With an authority named, the password goes to nobody who cannot show its certificate."""
    with MariaDB() as server:
        url = f"mysql://app:secret@{server.host}:{server.port}/app"
        assert look(url).ready
        assert look(url, ca=authority.ca).state == "SSL is required but the server doesn't support it"


def test_mysql_servers_that_answer_wrongly(mute: Speaker) -> None:
    assert look(f"mysql://127.0.0.1:{mute.port}", limit=0.5).state == "login: no answer within 500ms"
    with Speaker(lambda connection: connection.close()) as server:
        assert look(f"mysql://127.0.0.1:{server.port}").state == "login: the other side closed the connection"
    with Speaker(lambda connection: connection.sendall(b"220 mail.example.org ESMTP\r\n")) as server:
        assert not look(f"mysql://127.0.0.1:{server.port}", limit=1.0).ready
