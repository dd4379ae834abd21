"""RabbitMQ (Debian's), with an epmd of its own: the user is `app` with the password `secret`, the virtual host `/`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import unprivileged
from tests.support.daemon import Daemon
from tests.support.needs import need_program
from tests.support.ports import free_port

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence

CONFIG = """\
listeners.tcp.1 = {host}:{port}
default_user = app
default_pass = secret
log.console = true
log.console.level = info
log.file = false
"""
TLS = """\
listeners.ssl.1 = {host}:{tls_port}
ssl_options.certfile = {cert}
ssl_options.keyfile = {key}
ssl_options.verify = verify_none
"""
PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class RabbitMQ(Daemon):
    """One broker. It takes five seconds to start."""

    kind = "rabbitmq"
    start_limit = 90.0

    def __init__(self, tls: tuple[Path, Path] | None = None) -> None:
        self._tls, self.tls_port = tls, free_port() if tls else 0
        self._epmd: subprocess.Popen[bytes] | None = None
        self._ports = (free_port(), free_port())
        super().__init__()

    def prepare(self) -> None:
        need_program("rabbitmq-server", "rabbitmq-server")
        config = CONFIG.format(host=self.host, port=self.port)
        if self._tls:
            config += TLS.format(host=self.host, tls_port=self.tls_port, cert=self._tls[0], key=self._tls[1])
        (self.folder / "rabbitmq.conf").write_text(config)
        (self.folder / "enabled_plugins").write_text("[].\n")

    def environment(self) -> Mapping[str, str]:
        folder = self.folder
        return {
            **super().environment(),
            "ERL_EPMD_PORT": str(self._ports[0]),
            "ERL_EPMD_ADDRESS": self.host,
            "RABBITMQ_DIST_PORT": str(self._ports[1]),
            "RABBITMQ_NODENAME": f"lm{self.port}@localhost",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_PID_FILE": f"{folder}/server.pid",
        }

    def command(self) -> Sequence[str | Path]:
        return [PROGRAM]

    def begin(self) -> None:
        epmd = need_program("epmd", "erlang-base")
        with (self.folder / "epmd.log").open("ab") as log:
            self._epmd = unprivileged.start([epmd], cwd=self.folder, log=log, env=self.environment())
        super().begin()

    def stop(self) -> None:
        super().stop()
        epmd, self._epmd = self._epmd, None
        if epmd is not None:
            epmd.kill()
            epmd.wait(10)
