"""What is told, and when, of migrations whose successors are on their way already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg2
import pytest

import lockmaster
from lockmaster.engine import remembering
from lockmaster.events import Applied, Applying
from tests.support.cli import until

if TYPE_CHECKING:
    from pathlib import Path

    from lockmaster.events import Event
    from tests.support.database import Database

COUNT = 130  # three messages


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(COUNT):
        (tmp_path / f"{number:03}_m.sql").write_text(f"CREATE TABLE t{number} ();\n")
    return tmp_path


def _recorded(database: Database) -> int:
    connection = psycopg2.connect(database.url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*), count(to_regclass('t' || (n - 1))) FROM generate_series(1, %s) n"
                           " JOIN (SELECT row_number() OVER () AS n FROM lockmaster_history) h USING (n)", (COUNT,))  # fmt: skip
            records, tables = cursor.fetchone() or (0, 0)
            assert records == tables
            return int(records)
    finally:
        connection.close()


def test_every_migration_is_told_once_and_in_order(folder: Path, database: Database) -> None:
    events: list[Event] = []
    lockmaster.migrate(database.url, dir=str(folder), events=events.append)
    working = [event for event in events if isinstance(event, Applied | Applying)]
    numbers = [event.number for event in working if isinstance(event, Applied)]
    assert numbers == list(range(1, COUNT + 1))
    sent = [event.number for event in working if isinstance(event, Applying)]
    places = [working.index(event) for event in working if isinstance(event, Applying)]
    told_before = [sum(isinstance(event, Applied) for event in working[:place]) for place in places]
    assert told_before == [number - 1 for number in sent]
    assert type(events[-1]).__name__ == "Ready"


def test_what_was_committed_before_a_failure_is_told(folder: Path, database: Database) -> None:
    (folder / "120_m.sql").write_text("SELECT 1/0;\n")
    events: list[Event] = []
    with pytest.raises(lockmaster.MigrationFailedError):
        lockmaster.migrate(database.url, dir=str(folder), events=events.append)
    assert [event.number for event in events if isinstance(event, Applied)] == list(range(1, 121))
    assert _recorded(database) == 120


def test_a_listener_that_raises_ends_the_run_between_two_messages(folder: Path, database: Database) -> None:
    def listen(event: Event) -> None:
        if isinstance(event, Applied) and event.number == 10:
            raise RuntimeError("full")

    with pytest.raises(RuntimeError, match="full"):
        lockmaster.migrate(database.url, dir=str(folder), events=listen)
    assert _recorded(database) == 100
    assert len(lockmaster.migrate(database.url, dir=str(folder)).applied) == 30


def test_a_listener_that_raises_at_once_leaves_no_session(folder: Path, database: Database) -> None:
    def listen(_: Event) -> None:
        raise RuntimeError("full")

    with pytest.raises(RuntimeError, match="full") as kept:  # with its frames, which kept the session open
        lockmaster.migrate(database.url, dir=str(folder), events=listen)
    left = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    until(lambda: database.value(left) == 0, "the session is gone")
    assert kept.value.__traceback__ is not None


def test_a_script_that_changes_under_way_is_not_run(
    folder: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "KEPT_BYTES", 0)  # as after a big script: what was parsed is read again

    def listen(event: Event) -> None:
        if isinstance(event, Applying) and event.number == 1:
            (folder / "120_m.sql").write_text("CREATE TABLE other ();\n")

    with pytest.raises(lockmaster.UsageError, match="changed while it was being applied"):
        lockmaster.migrate(database.url, dir=str(folder), events=listen)
    assert _recorded(database) == 100
