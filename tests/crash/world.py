"""One scenario on one fresh database: what to run, and how it has to look at the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - it is a class

from lockmaster.faults import Fault
from tests.crash.program import KILLED, RETRYABLE, Program, Run
from tests.crash.scenarios import Scenario
from tests.crash.truth import Truth, expected
from tests.support.cli import until
from tests.support.database import Database

STEPS_AT_MOST = 60  # how often one run may come to the same point


@dataclass
class World:
    """`truth` reads the database; `scenario` says what has to be there."""

    scenario: Scenario
    program: Program
    truth: Callable[[], Truth]
    home: Path
    place: Database | None = None  # None for SQLite, whose file is home / "app.db"

    @property
    def database(self) -> Database:
        assert self.place is not None
        return self.place

    @contextmanager
    def session(self) -> Iterator[Cursor]:
        """Another session on the same PostgreSQL, in autocommit."""
        with self.database.connect() as connection, connection.cursor() as cursor:
            yield cursor

    def interrupt(self) -> None:
        """The earlier run that was killed, where the scenario has one."""
        if self.scenario.interrupted:
            assert self.program.finish(self.scenario.interrupted)[0] == KILLED

    def killed(self, fault: Fault, nth: int = 1) -> bool:
        """Run with a kill at the nth time that the point is met; False if it was not met so often."""
        status, text = self.program.finish(f"{fault.value}@{nth}=kill")
        assert status in {KILLED, 0}, text
        return status == KILLED

    def finishes(self) -> None:
        """The next run does what is left, and everything is in effect exactly once."""
        status, text = self.program.finish()
        assert status == 0, text
        self.is_complete()

    def is_complete(self) -> None:
        assert self.truth() == expected(self.scenario.folder, dict(self.scenario.indexes))

    def comes_through(self, run: Run) -> None:
        """By itself, or with a status that is worth a retry, which then finishes."""
        status = run.ends()
        assert status == 0 or status in RETRYABLE, run.text
        if status != 0:
            self.finishes()
        self.is_complete()

    @contextmanager
    def paused(self, fault: Fault) -> Iterator[Run]:
        """Run until the point is met; at the end of the block it goes on."""
        flag = self.home / f"paused-{fault.value}"
        run = self.program.start(f"{fault.value}=pause:{flag}")
        until(lambda: flag.exists() or not run.running, f"a run that comes to {fault.value}")
        assert run.running, f"it ended before {fault.value}:\n{run.text}"
        try:
            yield run
        finally:
            flag.unlink()
