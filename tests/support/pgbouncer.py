"""PgBouncer (Debian's) in front of a server, as a real process.

with PgBouncer(server, mode="transaction") as pooler:
    url = pooler.url("mydb")
"""

import atexit
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

import psycopg2

from tests.support import unprivileged
from tests.support.home import new_folder, remove
from tests.support.needs import need_program
from tests.support.ports import free_port
from tests.support.postgres import CLEAN, PostgresServer

START_LIMIT = 10.0
DEFAULTS: dict[str, object] = {
    "listen_addr": "127.0.0.1",
    "auth_type": "plain",
    "max_client_conn": 500,
    "default_pool_size": 10,
    "unix_socket_dir": "",
    "admin_users": "postgres",
    # what PgBouncer's own manual tells people to set for drivers that send them at the start
    "ignore_startup_parameters": "extra_float_digits",
}


class PgBouncer:
    """One pooler, from construction until close(). Other settings of PgBouncer are taken as keywords."""

    def __init__(
        self,
        server: PostgresServer,
        mode: Literal["transaction", "session", "statement"] = "transaction",
        users: Mapping[str, str] | None = None,
        **conf: object,
    ) -> None:
        """Start it; `users` are the roles beside the superuser that may pass, with their passwords."""
        program = need_program("pgbouncer", "pgbouncer")
        self.server, self.host, self.port, self.mode = server, "127.0.0.1", free_port(), mode
        self.users = dict(users or {})
        self.folder = new_folder("pgbouncer")
        unprivileged.own(self.folder)
        self.log_path = self.folder / "pgbouncer.log"
        config = self._write_config(conf)
        with self.log_path.open("wb") as log:
            self._process = unprivileged.start([program, config], cwd=self.folder, log=log, env=CLEAN)
        # The watcher of the folder ends it by this file, should the tests be killed.
        (self.folder / "own.pid").write_text(f"{self._process.pid}\n")
        self._owner = os.getpid()
        atexit.register(self.close)
        self._wait()

    def url(self, dbname: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        """Give the URL through the pooler; without a user, the superuser's."""
        if user is None:
            user, password = self.server.superuser, self.server.password
        login = f"{quote(user, safe='')}:{quote(password or '', safe='')}"
        return f"postgresql://{login}@{self.host}:{self.port}/{quote(dbname, safe='')}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def close(self) -> None:
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.close)
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(5)
        remove(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write_config(self, conf: dict[str, object]) -> str:
        server = self.server
        users = self.folder / "users.txt"
        roles = {server.superuser: server.password, **self.users}
        users.write_text("".join(f'"{role}" "{password}"\n' for role, password in roles.items()))
        given = {"listen_port": self.port, "pool_mode": self.mode, "auth_file": users}
        settings = DEFAULTS | given | conf
        lines = [f"{key} = {value}" for key, value in settings.items()]
        target = f"* = host={server.host} port={server.port}"
        if settings["auth_type"] == "any":
            target += f" user={server.superuser} password={server.password}"
        path = self.folder / "pgbouncer.ini"
        path.write_text("\n".join(["[databases]", target, "[pgbouncer]", *lines, ""]))
        return str(path)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_LIMIT
        while True:
            try:
                psycopg2.connect(self.url("postgres")).close()
            except psycopg2.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    said = self.log()
                    self.close()
                    raise RuntimeError(f"PgBouncer did not start:\n{said}") from None
                time.sleep(0.02)
            else:
                return
