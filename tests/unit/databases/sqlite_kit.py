"""What the tests of SQLite share: a real file, sessions on it, and whole runs of the engine over a folder."""

import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lockmaster.clock import Deadline, SystemClock
from lockmaster.databases.sqlite.database import SqliteDatabase
from lockmaster.databases.sqlite.dialect import SqliteDialect
from lockmaster.databases.sqlite.session import SqliteSession
from lockmaster.engine.model import Migration, Policy, Unit
from lockmaster.engine.results import MigrateResult
from lockmaster.engine.run import Runner, Waits
from lockmaster.formats.native import NativeSource
from lockmaster.formats.native_history import NativeHistory
from lockmaster.stop import Stop

DIALECT = SqliteDialect()
POLICY = Policy()


class Home:
    """A folder of migrations and the database beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / "app.db"
        self.folder = path / "migrations"
        self.history = NativeHistory(DIALECT, version="test")
        self.events: list[Any] = []
        self.stop = Stop()
        self.clock = SystemClock(self.stop)
        self._sessions: list[SqliteSession] = []

    def close(self) -> None:
        for session in self._sessions:
            session.close()
        self.stop.close()

    # ---- the file as everybody else sees it ----

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.file, isolation_level=None, timeout=0)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection = self.connect()
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def execute(self, *statements: str) -> None:
        connection = self.connect()
        try:
            for statement in statements:
                connection.execute(statement).fetchall()
        finally:
            connection.close()

    def is_free(self) -> bool:
        """Nobody holds anything on the file."""
        self.execute("BEGIN EXCLUSIVE")
        return True

    # ---- sessions ----

    @property
    def url(self) -> str:
        return f"sqlite:{self.file}".replace("%", "%25").replace("?", "%3f")

    def database(self, **options: Any) -> SqliteDatabase:
        settings = {"deadline": Deadline(self.clock, None), "lock_timeout": 0.3, **options}
        return SqliteDatabase(self.url, stop=self.stop, clock=self.clock, emit=self.events.append, **settings)

    def session(self, *, write: bool = True, wait: float = 1.0, **options: Any) -> SqliteSession:
        session, _ = self.database(**options).open(self.history, Deadline(self.clock, wait), write=write)
        self._sessions.append(session)
        return session

    def turn(self, **options: Any) -> SqliteSession:
        """A session that has the turn and has read the history under it; the table exists."""
        session = self.session(**options)
        assert session.try_turn(self.history)
        if not session.read(self.history).exists:
            session.write(self.history.create())
            assert session.try_turn(self.history)
            session.read(self.history)
        return session

    def unit(self, number: int, body: str, notes: frozenset[str] = frozenset(), **fields: Any) -> Unit:
        migration = self.migration(number)
        rows = self.history.applied(migration, "0" * 64)
        own = {"migration": migration.label, "body": body.encode(), "start": 0, "line": 1}
        return Unit(**{**own, "rows": rows, "notes": notes, **fields})

    def migration(self, number: int) -> Migration:
        return Migration(str(number), f"{number}_m", "")

    def run(self, session: SqliteSession, unit: Unit, number: int = 1) -> None:
        session.run([unit], self.history.count([self.migration(number)]), 1)

    # ---- whole runs ----

    def write(self, scripts: Mapping[str, str]) -> None:
        self.folder.mkdir(exist_ok=True)
        for name, text in scripts.items():
            (self.folder / name).write_text(text)

    def migrate(self, *, lock_budget: float = 5.0, turn: float = 20.0, **options: Any) -> MigrateResult:
        runner = Runner(
            self.database(**options), NativeSource(str(self.folder)), self.history, POLICY,
            Waits(5.0, turn, lock_budget), clock=self.clock, emit=self.events.append,
        )  # fmt: skip
        return runner.migrate()

    def applied(self) -> list[str]:
        return [
            row[0] for row in self.rows("SELECT name FROM lockmaster_history WHERE applied_at IS NOT NULL ORDER BY 1")
        ]


def main() -> None:
    """Migrate the home given as first argument: what the tests start as a process, to kill it."""
    import os

    from lockmaster import faults

    faults.arm(os.environ.get("LOCKMASTER_FAULT", ""))
    home = Home(Path(sys.argv[1]))
    _die_by_sigterm(home.stop)
    try:
        home.migrate()
    except Exception as error:  # noqa: BLE001 - whatever it is, the test reads it
        print(type(error).__name__, error, getattr(error, "details", ""))  # noqa: T201
        raise SystemExit(getattr(error, "exit", 1)) from None


def _die_by_sigterm(stop: Stop) -> None:
    import signal

    signal.signal(signal.SIGTERM, lambda *_: stop.request("SIGTERM"))


if __name__ == "__main__":
    main()
