"""MariaDB (Debian's): a fresh server with one user, `app` with the password `secret`, and the database `app`."""

from collections.abc import Sequence
from pathlib import Path

from tests.support import unprivileged
from tests.support.daemon import ENVIRONMENT, Daemon
from tests.support.needs import need_program

START = """\
CREATE DATABASE app;
CREATE USER app@'%' IDENTIFIED BY 'secret';
GRANT ALL ON app.* TO app@'%';
"""


class MariaDB(Daemon):
    """One server. `tls` is a certificate and its key."""

    kind = "mariadb"

    def __init__(self, tls: tuple[Path, Path] | None = None, *, started: bool = True) -> None:
        self._tls = tls
        super().__init__(started=started)

    def prepare(self) -> None:
        install = need_program("mariadb-install-db", "mariadb-server")
        data = [f"--datadir={self.folder}/data", "--auth-root-authentication-method=normal", "--skip-test-db"]
        unprivileged.run([install, "--no-defaults", *data], cwd=self.folder, env=dict(ENVIRONMENT))
        (self.folder / "start.sql").write_text(START)

    def begin(self) -> None:
        super().begin()
        self._started = True

    def command(self) -> Sequence[str | Path]:
        folder = self.folder
        argv = [need_program("mariadbd", "mariadb-server"), "--no-defaults", f"--datadir={folder}/data"]
        argv += [f"--port={self.port}", f"--bind-address={self.host}", f"--socket={folder}/s.sock"]
        argv += [f"--pid-file={folder}/server.pid", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0"]
        if not (folder / "data" / "app").exists():
            argv.append(f"--init-file={folder}/start.sql")
        if self._tls:
            argv += [f"--ssl-cert={self._tls[0]}", f"--ssl-key={self._tls[1]}"]
        return argv
