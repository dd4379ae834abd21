"""A herd: many real processes on one database, and what has to be true when all of them have ended."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.crash.program import Program, Run
from tests.crash.truth import expected, in_postgres
from tests.folders import Folder
from tests.herd.folders import INDEXES, NATIVE
from tests.support.database import Database
from tests.support.postgres import PostgresServer, start_server

HERD = 20
SECONDS = 110.0
_OURS = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'lockmaster/%' AND datname = current_database()"
)
_SLEEPS = f"{_OURS} AND wait_event = 'PgSleep'"
_INDEX_WAITS = f"{_OURS} AND query LIKE 'CREATE INDEX CONC%' AND wait_event_type = 'Lock'"


class Herd:
    """`meet` starts all of them at the same instant; `all_ready` is the verdict."""

    def __init__(self, database: Database, program: Program, folder: Folder, indexes: dict[str, int]) -> None:
        self.database, self.program = database, program
        self._folder, self._indexes = folder, indexes
        assert isinstance(database.server, PostgresServer)
        self._server = database.server
        self._mark = self._server.log_mark()

    def meet(self, count: int = HERD) -> list[Run]:
        return self.program.herd(count)

    def sleeps(self) -> bool:
        """One of them is in the slow migration."""
        return bool(self.database.value(_SLEEPS) == 1)

    def index_waits(self) -> bool:
        """One of them builds the index, and waits for somebody."""
        return bool(self.database.value(_INDEX_WAITS) == 1)

    @contextmanager
    def old_snapshot(self) -> Iterator[None]:
        """A report that was begun before all of them: an index has to wait for its end."""
        with self.database.connect() as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT count(*) FROM pg_class")
            yield
            cursor.execute("COMMIT")

    def all_ready(self, runs: list[Run], *, pooled: bool = False) -> None:
        """Each process ended with 0, each migration was applied once by one of them, and the server saw no deadlock."""
        failed = [f"{run.ends(SECONDS)}: {run.text}" for run in runs if run.ends(SECONDS) != 0]
        assert not failed, f"{len(failed)} of {len(runs)} failed, the first with {failed[0]}"
        self.is_complete(pooled=pooled)
        said = "".join(run.text for run in runs)
        for name in self._folder.names:
            assert len(re.findall(rf"applied {name}\b", said)) == 1, f"{name} was not applied by one process"

    def is_complete(self, *, pooled: bool = False) -> None:
        truth = in_postgres(self.database, self._folder, pooled=pooled)
        assert truth == expected(self._folder, self._indexes)
        log = self._server.log(self._mark)
        assert "deadlock detected" not in log, log


MakeHerd = Callable[..., Herd]


@pytest.fixture(scope="session")
def herd_server(server_source: str) -> Iterator[PostgresServer]:
    """A server of this suite's own, so that its log holds nothing else."""
    server = start_server(server_source, max_connections=60)
    yield server
    server.destroy()


@pytest.fixture
def make_herd(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MakeHerd]:
    """Make a herd on a fresh database: make_herd(), make_herd(PRISMA), make_herd(server=..., through=...)."""
    with ExitStack() as stack:

        def make(
            folder: Folder = NATIVE,
            indexes: dict[str, int] = INDEXES,
            *,
            server: PostgresServer | None = None,
            user: str = "",
            through: Callable[[Database], str] | None = None,
            direct: bool = False,
        ) -> Herd:
            database = Database(server or request.getfixturevalue("herd_server"))
            stack.callback(database.drop)
            url = database.url_for(user, "pw") if user else database.url
            path = folder.write(tmp_path / "migrations")
            program = Program(path, through(database) if through else url, direct=url if direct else "")
            stack.callback(program.close)
            return Herd(database, program, folder, indexes)

        yield make
