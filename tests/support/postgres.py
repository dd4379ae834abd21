"""Real PostgreSQL servers for tests: started in well under a second, thrown away at the end.

    server = start_server("wheel18", max_connections=20, log_statement="all")
    url = server.create_database()
    server.restart("immediate")

The programs are used directly (initdb, postgres), so that every setting is ours. The superuser is `postgres` with the
password `secret`; TCP asks for it (scram-sha-256), the Unix socket trusts. fsync is off unless `durable=True`.
"""

import atexit
import itertools
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import psycopg2
import psycopg2.extensions

from tests.support import sources, unprivileged
from tests.support.home import home, new_folder, remove
from tests.support.needs import need
from tests.support.ports import free_port

Mode = Literal["smart", "fast", "immediate"]
SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
SUPERUSER, PASSWORD = "postgres", "secret"
START_LIMIT = 30.0
CLEAN = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"}

HBA = "local all all trust\nhost all all all scram-sha-256\n"
SETTINGS: dict[str, object] = {
    "max_connections": 100,
    "shared_buffers": "32MB",
    "password_encryption": "scram-sha-256",
    "log_line_prefix": "%m [%p] [%a] [%e] ",
    "log_min_messages": "warning",
    "log_statement": "none",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
NOT_DURABLE: dict[str, object] = {"fsync": "off", "full_page_writes": "off"}
_numbers = itertools.count(1)


def unique_name(prefix: str) -> str:
    """Make a name that no other worker or test has."""
    return f"{prefix}_{os.getpid()}_{next(_numbers)}"


def ident(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """Quote a string literal or a setting's value."""
    return "'" + str(text).replace("'", "''") + "'"


class Server:
    """What every PostgreSQL here can do, ours or external."""

    name: str
    superuser: str
    password: str

    def url(self, dbname: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        """Give the URL over TCP."""
        raise NotImplementedError

    @property
    def version(self) -> int:
        """The version as the server says it: 180004 for 18.4."""
        return int(self.rows("SHOW server_version_num")[0][0])

    @property
    def major(self) -> int:
        return self.version // 10_000

    @property
    def sees_dead_clients(self) -> bool:
        """Whether it can be told to look, during a statement, if the client is still there."""
        return self.major >= 14

    @contextmanager
    def connect(self, dbname: str = "postgres") -> Iterator[psycopg2.extensions.connection]:
        """Open a connection of the superuser, in autocommit; closed at the end of the block."""
        connection = psycopg2.connect(self.url(dbname), application_name="test")
        try:
            connection.autocommit = True
            yield connection
        finally:
            connection.close()

    def execute(self, sql: str, dbname: str = "postgres") -> None:
        """Run `sql` as superuser."""
        with self.connect(dbname) as connection, connection.cursor() as cursor:
            cursor.execute(sql)

    def rows(self, sql: str, dbname: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a query as superuser and give all its rows."""
        with self.connect(dbname) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def create_database(self, name: str | None = None, **options: object) -> str:
        """Create a database and give its URL; options as in CREATE DATABASE (owner="x", template="template0")."""
        name = name or unique_name("db")
        given = " ".join(f"{key} = {ident(str(value))}" for key, value in options.items())
        self.execute(f"CREATE DATABASE {ident(name)} {given}")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {ident(name)} WITH (FORCE)")

    def create_role(self, name: str | None = None, *, attributes: str = "LOGIN", **settings: object) -> tuple[str, str]:
        """Create a role that may log in; settings become ALTER ROLE ... SET. Gives name and password."""
        name, password = name or unique_name("role"), "pw"
        self.execute(f"CREATE ROLE {ident(name)} {attributes} PASSWORD {literal(password)}")
        for key, value in settings.items():
            self.execute(f"ALTER ROLE {ident(name)} SET {key} = {literal(value)}")
        return name, password

    def dump(self, dbname: str, *options: str) -> str:
        """Give pg_dump's text, without the lines that differ from run to run."""
        program = sources.program("pg_dump", "wheel18" if isinstance(self, ExternalServer) else self.name)
        done = subprocess.run(
            [program, "--no-owner", *options, self.url(dbname)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=CLEAN,
        )
        assert done.returncode == 0, done.stderr
        varying = ("\\restrict", "\\unrestrict", "-- Dumped ")
        return "\n".join(line for line in done.stdout.splitlines() if not line.startswith(varying))


class ExternalServer(Server):
    """A server that somebody else runs, by its URL; it can be neither restarted nor read in its log."""

    def __init__(self, url: str) -> None:
        self.name = "external"
        self._parts = urlsplit(url)
        self.superuser = self._parts.username or "postgres"
        self.password = self._parts.password or ""

    def url(self, dbname: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        """Give the URL with another database and, where given, another user."""
        host = self._parts.netloc.rpartition("@")[2]
        if user is None:
            user, password = self.superuser, self.password
        login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
        return urlunsplit(self._parts._replace(netloc=f"{login}@{host}", path=f"/{quote(dbname, safe='')}"))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        need(found=False, reason=f"the server of --postgres-url is not ours: no .{name}")


class PostgresServer(Server):
    """One server of ours, in a folder of its own. Safe to be stopped and started from any thread."""

    superuser, password = SUPERUSER, PASSWORD

    def __init__(
        self,
        source: str,
        *,
        listen: str = "127.0.0.1",
        port: int | None = None,
        durable: bool = False,
        hba: str = HBA,
        prefix: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        **conf: object,
    ) -> None:
        """Prepare the folder, not yet started. `prefix` is put before the command (ip netns exec NAME)."""
        self.name, self.host, self.port = source, listen, port or free_port()
        self.folder = new_folder("pg")
        self.data = self.folder / "data"
        self.log_path = self.folder / "server.log"
        self._prefix, self._env = list(prefix), {**CLEAN, **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None
        _copy_of_template(source, self.data)
        self.log_path.touch()
        (self.data / "pg_hba.conf").write_text(hba)
        self._settings = {
            **SETTINGS,
            **({} if durable else NOT_DURABLE),
            "listen_addresses": listen,
            "port": self.port,
            "unix_socket_directories": self.folder,
            **conf,
        }
        self._write_settings()
        self._owner = os.getpid()
        atexit.register(self.destroy)

    # -- life --

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        self._retry_start()

    def stop(self, mode: Mode = "fast") -> None:
        """Stop it, if it runs; the data stay."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(SIGNALS[mode])
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.send_signal(SIGNALS["immediate"])
            process.wait(20)

    def restart(self, mode: Mode = "immediate") -> None:
        """Stop and start again, on the same port; immediate is a crash as the clients see it."""
        self.stop(mode)
        self.start()

    def destroy(self) -> None:
        """Stop it at once and remove its data; comes by itself when the tests end."""
        if os.getpid() != self._owner:  # a fork of the tests does not own it
            return
        atexit.unregister(self.destroy)
        self.stop("immediate")
        remove(self.folder)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    # -- addresses --

    def url(self, dbname: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        """Give the URL over TCP; without a user, the superuser's."""
        if user is None:
            user, password = self.superuser, self.password
        login = quote(user, safe="") + (f":{quote(password, safe='')}" if password is not None else "")
        return f"postgresql://{login}@{self.host}:{self.port}/{quote(dbname, safe='')}"

    def socket_url(self, dbname: str = "postgres", user: str = SUPERUSER) -> str:
        """Give the URL over the Unix socket, which trusts everybody."""
        query = urlencode({"host": self.folder, "port": self.port, "user": user})
        return f"postgresql:///{quote(dbname, safe='')}?{query}"

    # -- settings and log --

    def configure(self, **conf: object) -> None:
        """Change settings; those that need a restart take effect at the next one."""
        self._settings.update(conf)
        self._write_settings()
        if self.running:
            os.kill(self.pid, signal.SIGHUP)
            time.sleep(0.1)  # the postmaster tells its children without an answer

    def log(self, since: int = 0) -> str:
        """Give the log's text, from byte `since` on (see log_mark)."""
        with self.log_path.open("rb") as file:
            file.seek(since)
            return file.read().decode("utf-8", "replace")

    def log_mark(self) -> int:
        """Give the log's length now, for log(since=...)."""
        return self.log_path.stat().st_size

    # -- inside --

    def _write_settings(self) -> None:
        lines = [f"{key} = {literal(value)}\n" for key, value in self._settings.items()]
        (self.data / "postgresql.conf").write_text("".join(lines))

    def _retry_start(self) -> None:
        """Start, again while the last life's processes still hold its memory after an immediate stop."""
        deadline = time.monotonic() + START_LIMIT
        while True:
            mark = self.log_mark()
            if self._start_once(deadline):
                return
            if time.monotonic() > deadline or "is still in use" not in self.log(mark):
                msg = f"PostgreSQL ({self.name}) did not start:\n{self.log(mark)}"
                raise RuntimeError(msg)
            time.sleep(0.05)

    def _start_once(self, deadline: float) -> bool:
        program = sources.binaries(self.name) / "postgres"
        with self.log_path.open("ab") as log:
            argv: list[str | Path] = [program, "-D", self.data]
            self._process = unprivileged.start(argv, prefix=self._prefix, cwd=self.folder, log=log, env=self._env)
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._is_ready():
                return True
            time.sleep(0.005)
        self._process.poll()
        return False

    def _is_ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(self.pid) and lines[7].strip() == "ready"


def start_server(source: str, **conf: Any) -> PostgresServer:
    """Start a server of ours; a busy port is tried again with another one."""
    for attempt in range(3):
        server = PostgresServer(source, **conf)
        try:
            server.start()
        except RuntimeError as exc:
            server.destroy()
            if attempt == 2 or "could not bind" not in str(exc):
                raise
        else:
            return server
    raise AssertionError


def _copy_of_template(source: str, target: Path) -> None:
    """Run initdb once per source and run; each server begins with a copy."""
    template = home() / f"template-{source}"
    if not template.exists():
        _initdb(source, template)
    unprivileged.own(target.parent)
    unprivileged.run(["cp", "-a", "--reflink=auto", template, target], cwd=home())


def _initdb(source: str, template: Path) -> None:
    work = new_folder("initdb")
    unprivileged.own(work)
    (work / "password").write_text(PASSWORD)
    argv: list[str | Path] = ["-D", work / "data", "-U", SUPERUSER, "-E", "UTF8", "--locale=C", "--no-sync"]
    argv += ["--auth=scram-sha-256", f"--pwfile={work / 'password'}"]
    unprivileged.run([sources.binaries(source) / "initdb", *argv], cwd=work, env=CLEAN)
    (work / "data").rename(template)
