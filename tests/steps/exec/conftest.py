"""A database in which the worker leaves its traces, and what must be true of them in the end."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli import Run, herd, run_cli, start_cli
from tests.support.database import Database

WORKER = Path(__file__).parent / "worker.py"
TABLE = (
    "CREATE TABLE work (id serial PRIMARY KEY, pid integer, "
    "begun timestamptz DEFAULT clock_timestamp(), ended timestamptz)"
)


class Place:
    """One database, and `lockmaster exec` on it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.url = database.url
        database.execute(TABLE)

    def argv(self, *options: str, seconds: float = 0.0, status: int = 0) -> list[str]:
        command = [sys.executable, str(WORKER), str(seconds), str(status)]
        return ["exec", "--log-format", "text", *options, "--", *command]

    def env(self, pod: str = "pod", **more: str) -> dict[str, str]:
        return {"DATABASE_URL": self.url, "LOCKMASTER_POD": pod, **more}

    def run(self, *options: str, seconds: float = 0.0, status: int = 0, **env: str) -> "Done":
        return Done(run_cli(self.argv(*options, seconds=seconds, status=status), env=self.env(**env)))

    def start(self, *options: str, seconds: float = 0.0, status: int = 0, **env: str) -> Run:
        return start_cli(self.argv(*options, seconds=seconds, status=status), env=self.env(**env))

    def herd(self, count: int, *options: str, seconds: float = 0.0, **env: str) -> list["Done"]:
        argv = self.argv(*options, seconds=seconds)
        return [Done(done) for done in herd(count, argv, env=lambda number: self.env(f"pod-{number}", **env))]

    def works(self) -> int:
        """How many are at work now."""
        return int(
            self.database.value(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active'"
                " AND pid <> pg_backend_pid() AND datname = current_database()"
            )
        )

    def done(self) -> int:
        return int(self.database.value("SELECT count(*) FROM work WHERE ended IS NOT NULL"))

    def begun(self) -> int:
        return int(self.database.value("SELECT count(*) FROM work"))

    def overlaps(self) -> int:
        """Pairs of which the later one began before the earlier one had ended, as far as it came to its end."""
        return int(
            self.database.value(
                "SELECT count(*) FROM work a JOIN work b ON a.id < b.id AND a.ended IS NOT NULL AND b.begun < a.ended"
            )
        )

    def keys(self) -> list[str]:
        if self.database.value("SELECT to_regclass('lockmaster.lockmaster_once')") is None:
            return []
        return [row[0] for row in self.database.rows("SELECT key FROM lockmaster.lockmaster_once ORDER BY 1")]


class Done:
    """How one ended."""

    def __init__(self, done: object) -> None:
        self.status = done.returncode  # type: ignore[attr-defined]
        self.text = done.stdout + done.stderr  # type: ignore[attr-defined]


@pytest.fixture
def place(database: Database) -> Place:
    return Place(database)


@pytest.fixture
def make_place(make_database: Callable[..., Database]) -> Callable[..., Place]:
    return lambda **options: Place(make_database(**options))
