"""A fresh database for one test."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2.extensions

from tests.support.postgres import PostgresServer, Server, unique_name


class Database:
    """A database on a server, with the few verbs that tests need; the connections are the superuser's."""

    def __init__(self, server: Server, name: str | None = None, **options: object) -> None:
        self.server, self.name = server, name or unique_name("db")
        self.url = server.create_database(self.name, **options)

    def url_for(self, user: str, password: str | None = None) -> str:
        """Give the URL for another role."""
        return self.server.url(self.name, user, password)

    @property
    def socket_url(self) -> str:
        assert isinstance(self.server, PostgresServer)
        return self.server.socket_url(self.name)

    @contextmanager
    def connect(self) -> Iterator[psycopg2.extensions.connection]:
        """Open a connection in autocommit; closed at the end of the block."""
        with self.server.connect(self.name) as connection:
            yield connection

    def execute(self, sql: str) -> None:
        self.server.execute(sql, self.name)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.server.rows(sql, self.name)

    def value(self, sql: str) -> Any:
        """Give the first column of the first row."""
        return self.rows(sql)[0][0]

    def set(self, **settings: object) -> None:
        """Set defaults of this database (ALTER DATABASE ... SET); new connections have them."""
        for key, value in settings.items():
            text = str(value).replace("'", "''")
            self.server.execute(f"ALTER DATABASE \"{self.name}\" SET {key} = '{text}'")

    def dump(self, *options: str) -> str:
        """Give pg_dump's text, comparable from run to run."""
        return self.server.dump(self.name, *options)

    def end_orphan(self) -> None:
        """End the session that has the turn where the server does not notice that its client was killed.

        What a person would do, who does not want to wait for the end of the statement. Elsewhere nothing: there the
        server has to end it by itself.
        """
        if not self.server.sees_dead_clients:
            here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            self.execute(
                "SELECT pg_terminate_backend(pid) FROM"
                f" (SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND {here}) AS holder"
            )

    def drop(self) -> None:
        self.server.drop_database(self.name)
