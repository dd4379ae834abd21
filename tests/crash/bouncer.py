"""PgBouncer in front of a server, as a real process."""

import socket
import subprocess
import time
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from tests.support import unprivileged
from tests.support.home import new_folder, remove
from tests.support.needs import need_program
from tests.support.ports import free_port
from tests.support.postgres import CLEAN, PostgresServer

CONFIG = """[databases]
* = host={host} port={port} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 500
server_lifetime = 3600
"""
START_SECONDS = 10.0


class Bouncer:
    """One PgBouncer, from construction until close()."""

    def __init__(
        self, server: PostgresServer, mode: Literal["transaction", "session"] = "transaction", size: int = 10
    ) -> None:
        program = need_program("pgbouncer", "pgbouncer")
        self.port, self._folder = free_port(), new_folder("bouncer")
        unprivileged.own(self._folder)
        config = self._folder / "pgbouncer.ini"
        config.write_text(
            CONFIG.format(
                host=server.host, port=server.port, user=server.superuser, password=server.password,
                listen=self.port, mode=mode, size=size,
            )
        )  # fmt: skip
        with (self._folder / "log").open("wb") as log:
            self._process = unprivileged.start([program, config], cwd=self._folder, log=log, env=CLEAN)
        self._wait()

    def url(self, url: str) -> str:
        """Give `url` with PgBouncer's address in place of the server's."""
        parts = urlsplit(url)
        login = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{self.port}"))

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        remove(self._folder)

    def _wait(self) -> None:
        limit = time.monotonic() + START_SECONDS
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"PgBouncer did not start:\n{(self._folder / 'log').read_text()}")
            time.sleep(0.01)
