"""Redis (Debian's): with a password and TLS where asked."""

from collections.abc import Sequence
from pathlib import Path

from tests.support.daemon import Daemon
from tests.support.needs import need_program
from tests.support.ports import free_port


class Redis(Daemon):
    """One server. Settings are Redis's own, as arguments."""

    kind = "redis"

    def __init__(self, *settings: str, tls: tuple[Path, Path] | None = None) -> None:
        self._settings, self._tls = settings, tls
        self.tls_port = free_port() if tls else 0
        super().__init__()

    def command(self) -> Sequence[str | Path]:
        program = need_program("redis-server", "redis-server")
        own = ["--bind", self.host, "--port", str(self.port), "--dir", str(self.folder), "--save", ""]
        if self._tls:
            cert, key = map(str, self._tls)
            own += ["--tls-port", str(self.tls_port), "--tls-cert-file", cert, "--tls-key-file", key]
            own += ["--tls-auth-clients", "no"]
        return [program, *own, *self._settings]
