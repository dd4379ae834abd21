"""A real PgBouncer in front of one server, with one server connection: what one client leaves behind, the next one has."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.facts.lab import until
from tests.support import unprivileged
from tests.support.home import new_folder, remove
from tests.support.needs import need_program
from tests.support.ports import free_port
from tests.support.postgres import CLEAN, PostgresServer


@contextmanager
def bouncer(server: PostgresServer, mode: str = "transaction", size: int = 1) -> Iterator[int]:
    """Start one; its port. Every client becomes the superuser."""
    program = need_program("pgbouncer", "pgbouncer")
    folder, port = new_folder("bouncer"), free_port()
    unprivileged.own(folder)
    ini = folder / "pgbouncer.ini"
    ini.write_text(
        f"[databases]\n* = host={server.host} port={server.port} user={server.superuser}"
        f" password={server.password}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = any\npool_mode = {mode}\ndefault_pool_size = {size}\n"
    )
    with (folder / "log").open("wb") as log:
        process = unprivileged.start([program, ini], cwd=folder, log=log, env=dict(CLEAN))
    try:
        until(lambda: _answers(port), "PgBouncer listens", 10)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        remove(folder)


def through(port: int, url: str) -> str:
    """The URL of the same database through the pooler."""
    return f"postgresql://app:S3cr3t@127.0.0.1:{port}/{os.path.basename(url)}"  # noqa: PTH119 - a URL is no path


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
