"""Options, servers and the rule that nothing is skipped where everything is required.

Fixtures: `postgres` (a server for the session), `database` (fresh for each test), `make_server` (a private server),
`make_database`, `make_pgbouncer`, `make_proxy`, `netns`. Their parts are in tests/support.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support import needs
from tests.support.database import Database
from tests.support.netns import TwoMachines
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres import ExternalServer, PostgresServer, Server, start_server
from tests.support.proxy import Proxy

# These take long, and what they prove does not depend on the version: first server only, unless marked every_server.
FIRST_SERVER_ONLY = {"slow", "crash", "herd", "chaos", "netns", "prisma", "memory"}
# What these hold does depend on it. Other folders run on the first server only, unless marked every_server.
EVERY_SERVER_FOLDERS = {"contract", "facts", "unit"}
PER_SERVER = "server_source"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lockmaster")
    group.addoption(
        "--servers",
        default=os.environ.get("LOCKMASTER_TEST_SERVERS", "wheel18"),
        help="PostgreSQL servers, comma-separated: wheel16, wheel18, debian15, zonky13 ... zonky18",
    )
    group.addoption(
        "--postgres-url",
        default=os.environ.get("LOCKMASTER_TEST_POSTGRES_URL"),
        help="a superuser's URL of a server to use instead (also LOCKMASTER_TEST_POSTGRES_URL)",
    )
    group.addoption(
        "--require-all", action="store_true", help="a missing part fails instead of skipping (as CI=true does)"
    )
    group.addoption(
        "--use-current-context",
        action="store_true",
        help="tests/cluster runs on the cluster of kubectl's current context, and not on one of tools/cluster",
    )
    group.addoption(
        "--image-loader",
        default=os.environ.get("LOCKMASTER_TEST_IMAGE_LOADER", ""),
        help="then: a command that gives its nodes the images of an archive, as 'kind load image-archive'",
    )
    group.addoption("--cluster-results", help="a file for what tests/cluster has shown")


def pytest_configure(config: pytest.Config) -> None:
    needs.require_all(required=config.getoption("--require-all"))


def _servers(config: pytest.Config) -> list[str]:
    if config.getoption("--postgres-url"):
        return ["external"]
    return [name.strip() for name in config.getoption("--servers").split(",") if name.strip()]


def pytest_report_header(config: pytest.Config) -> str:
    required = "everything is required" if needs.everything_is_required() else "missing parts are skipped"
    return f"lockmaster: servers {', '.join(_servers(config))}; {required}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if PER_SERVER not in metafunc.fixturenames:
        return
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    servers = _servers(metafunc.config)
    folder = metafunc.definition.path.relative_to(metafunc.config.rootpath / "tests").parts[0]
    if (marks & FIRST_SERVER_ONLY or folder not in EVERY_SERVER_FOLDERS) and "every_server" not in marks:
        servers = servers[:1]
    metafunc.parametrize(PER_SERVER, servers, indirect=True, scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the groups of xdist count: it writes them to where pytest, since 9.2, no longer looks."""
    for item in items:
        grouped = vars(item).get("_nodeid")
        if grouped and hasattr(item, "_id"):
            item._id = type(item._id).parse(grouped)


# -- nothing is skipped where everything is required --

_skipped: list[str] = []


def _note_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail") and "optional" not in getattr(report, "keywords", {}):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        _skipped.append(f"{report.nodeid}: {reason}")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _note_skip(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    _note_skip(report)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _skipped and needs.everything_is_required() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _skipped and needs.everything_is_required():
        terminalreporter.section("skipped, where everything is required", sep="=", red=True, bold=True)
        for line in _skipped:
            terminalreporter.write_line(line)


# -- servers --


@pytest.fixture(scope="session")
def server_source(request: pytest.FixtureRequest) -> str:
    """Name of the server that this test runs on; from --servers."""
    source: str = request.param
    return source


@pytest.fixture(scope="session")
def postgres(server_source: str, request: pytest.FixtureRequest) -> Iterator[Server]:
    """Give a server for the whole session: for all tests that do not stop, fill or reconfigure it."""
    if server_source == "external":
        yield ExternalServer(request.config.getoption("--postgres-url"))
        return
    server = start_server(server_source, max_connections=200)
    yield server
    server.destroy()


@pytest.fixture
def make_database(postgres: Server) -> Iterator[Callable[..., Database]]:
    """Make databases, dropped at the end: make_database(owner="x", template="template0")."""
    with ExitStack() as stack:

        def make(name: str | None = None, **options: object) -> Database:
            database = Database(postgres, name, **options)
            stack.callback(database.drop)
            return database

        yield make


@pytest.fixture
def database(make_database: Callable[..., Database]) -> Database:
    """Give a fresh database."""
    return make_database()


@pytest.fixture
def make_server(server_source: str) -> Iterator[Callable[..., PostgresServer]]:
    """Start private servers: make_server(max_connections=10, log_statement="all", durable=True, source="wheel16")."""
    with ExitStack() as stack:

        def make(source: str | None = None, **conf: Any) -> PostgresServer:
            needs.need(source or server_source != "external", "needs a server of its own, not --postgres-url")
            server = start_server(source or server_source, **conf)
            stack.callback(server.destroy)
            return server

        yield make


@pytest.fixture
def make_pgbouncer() -> Iterator[Callable[..., PgBouncer]]:
    """Start poolers: make_pgbouncer(server, mode="transaction", users={name: password}, default_pool_size=5)."""
    with ExitStack() as stack:

        def make(server: PostgresServer, **conf: Any) -> PgBouncer:
            return stack.enter_context(PgBouncer(server, **conf))

        yield make


@pytest.fixture
def make_proxy() -> Iterator[Callable[[PostgresServer | PgBouncer], Proxy]]:
    """Put a proxy that can lose the network in front of a server or a pooler: make_proxy(server).url(url)."""
    with ExitStack() as stack:

        def make(target: PostgresServer | PgBouncer) -> Proxy:
            return stack.enter_context(Proxy(target.host, target.port))

        yield make


@pytest.fixture
def netns() -> Iterator[TwoMachines]:
    """Give two machines and a cable that can be pulled; needs root, and the mark netns."""
    with TwoMachines() as machines:
        yield machines
