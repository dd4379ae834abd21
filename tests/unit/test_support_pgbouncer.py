"""The pooler stands between: whom a client talks to changes from transaction to transaction."""

from collections.abc import Callable

import psycopg2
import pytest

from tests.support.pgbouncer import PgBouncer
from tests.support.postgres import PostgresServer


def backend(connection: psycopg2.extensions.connection) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid: int = cursor.fetchall()[0][0]
        return pid


@pytest.mark.parametrize(("mode", "changes"), [("transaction", True), ("session", False)])
def test_backend_changes_between_transactions(
    make_server: Callable[..., PostgresServer],
    make_pgbouncer: Callable[..., PgBouncer],
    mode: str,
    changes: bool,  # noqa: FBT001 - pytest gives it by name
) -> None:
    pooler = make_pgbouncer(make_server(), mode=mode)
    one, two = (psycopg2.connect(pooler.url()) for _ in range(2))
    first = backend(one)
    one.commit()
    backend(two)  # in transaction mode it takes the backend that `one` gave back, and keeps it
    assert (backend(one) != first) == changes
    one.close()
    two.close()


def test_is_not_the_server_and_checks_passwords(
    make_server: Callable[..., PostgresServer], make_pgbouncer: Callable[..., PgBouncer]
) -> None:
    server = make_server()
    user, password = server.create_role()
    pooler = make_pgbouncer(server, users={user: password})
    with psycopg2.connect(pooler.url(user=user, password=password)) as connection:
        assert connection.info.backend_pid != backend(connection)
    connection.close()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(pooler.url(user=user, password="wrong"))
