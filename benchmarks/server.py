"""A PostgreSQL server for one benchmark run: durable, and it writes down what tools ask of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from tests.support import postgres, sources

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

USER = "bench"
_ENTRY = re.compile(r"LOG:  (statement|execute [^:]*):")
_LOG_SETTLES = 0.2  # seconds: the server answers before it has written its line


class ServerMissingError(Exception):
    """The server, or psql beside it, cannot be had here; the text says why."""


@dataclass(frozen=True)
class Target:
    """Where a database is: over TCP, or over the Unix socket when `socket_folder` is set."""

    database: str
    host: str
    port: int
    password: str
    socket_folder: Path | None = None

    def url(self, scheme: str = "postgresql", socket_parameter: str = "host") -> str:
        """Give the URL; tools differ in the scheme, and in how they are told of a socket."""
        login = f"{scheme}://{USER}:{self.password}"
        if self.socket_folder is None:
            return f"{login}@{self.host}:{self.port}/{self.database}?sslmode=disable"
        place = {"sslmode": "disable", socket_parameter: self.socket_folder, "port": self.port}
        return f"{login}@/{self.database}?{urlencode(place, safe='/')}"

    def through(self, port: int) -> Target:
        """Give the same database by way of a proxy."""
        return replace(self, port=port, socket_folder=None)


@dataclass(frozen=True)
class LogCounts:
    """What the server wrote down: connections accepted, and statements (a message of many counts as one)."""

    connections: int
    statements: int


class Server:
    """The server; a context manager. Settings are the defaults, but for logging and enough connections."""

    def __init__(self, source: str = "wheel18") -> None:
        own = sources.binaries(source) / "psql"
        psql = str(own) if own.exists() else shutil.which("psql")
        if psql is None:
            msg = "psql is not installed"
            raise ServerMissingError(msg)
        self.psql = psql
        self._server = postgres.start_server(
            source,
            durable=True,
            shared_buffers="128MB",
            max_connections=250,
            log_connections="on",
            log_lock_waits="on",
            track_commit_timestamp="on",
        )
        _, self._password = self._server.create_role(USER, attributes="SUPERUSER LOGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.destroy()

    def version(self) -> str:
        """Give the server's version, like "18.4"."""
        return self.sql("SELECT split_part(current_setting('server_version'), ' ', 1)").strip()

    @property
    def pid(self) -> int:
        return self._server.pid

    @property
    def port(self) -> int:
        return self._server.port

    def target(self, database: str, *, socket: bool = False) -> Target:
        """Say how a database here is reached."""
        folder = self._server.folder if socket else None
        return Target(database, self._server.host, self.port, self._password, folder)

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Give the rows as psql prints them, fields separated by |."""
        options = ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement]
        done = subprocess.run(
            [self.psql, *options, self._server.socket_url(database)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            msg = f"psql: {done.stderr.strip()}"
            raise RuntimeError(msg)
        return done.stdout

    def fresh(self, database: str) -> None:
        """Make an empty database of that name in place of the old one, and a checkpoint."""
        self.sql(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        self.sql(f'CREATE DATABASE "{database}"')
        self.sql("CHECKPOINT")

    def log_statements(self, *, on: bool) -> None:
        """Let the server write down each statement of the sessions that begin from now on."""
        self.sql(f"ALTER ROLE {USER} SET log_statement = '{'all' if on else 'none'}'")

    def log_mark(self) -> int:
        """Give a place in the log, for `log_counts`."""
        return self._server.log_mark()

    def log_counts(self, since: int) -> LogCounts:
        """Count what the tools did after `since`, in any database."""
        time.sleep(_LOG_SETTLES)
        lines = self._server.log(since).splitlines()
        mark = f"connection authorized: user={USER} "
        return LogCounts(
            connections=sum(mark in line for line in lines),
            statements=sum(bool(_ENTRY.search(line)) for line in lines),
        )
