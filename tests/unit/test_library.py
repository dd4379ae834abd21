"""The library against real databases: in threads, inside of asyncio, silent, and typed."""

import asyncio
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import lockmaster
from tests.support.database import Database

HANDLED = (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGALRM, signal.SIGTERM, signal.SIGCHLD)
LABELS = ("1_t", "2_rows", "3_index")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "1_t.sql").write_text("CREATE TABLE t (a integer);")
    (tmp_path / "2_rows.sql").write_text("INSERT INTO t VALUES (1); SELECT pg_sleep(0.5);")
    (tmp_path / "3_index.sql").write_text("CREATE INDEX CONCURRENTLY i ON t (a);")
    return tmp_path


def in_threads(count: int, call: Callable[[], object]) -> list[object]:
    answers: list[object] = []

    def work() -> None:
        try:
            answers.append(call())
        except Exception as error:  # noqa: BLE001 - the test looks at it
            answers.append(error)

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def test_threads_of_one_process_exclude_each_other(
    database: Database, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One does all of it, and all of them return; nothing is printed, and no signal has another handler."""
    before = [signal.getsignal(number) for number in HANDLED]
    answers = in_threads(4, lambda: lockmaster.migrate(database.url, dir=folder))
    assert {type(answer) for answer in answers} == {lockmaster.MigrateResult}, answers
    assert sorted(answer.applied for answer in answers) == [(), (), (), LABELS]  # type: ignore[attr-defined]
    assert database.value("SELECT count(*) FROM t") == 1
    assert tuple(capfd.readouterr()) == ("", "")
    assert [signal.getsignal(number) for number in HANDLED] == before


def test_threads_on_one_sqlite_file(tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for number in range(1, 6):
        (folder / f"{number}_t.sql").write_text(f"CREATE TABLE t{number} (a integer);")
    url = f"sqlite:{tmp_path}/app.db"
    answers = in_threads(4, lambda: lockmaster.migrate(url, dir=folder))
    assert {type(answer) for answer in answers} == {lockmaster.MigrateResult}, answers
    applied = [label for answer in answers for label in answer.applied]  # type: ignore[attr-defined]
    assert sorted(applied) == [f"{number}_t" for number in range(1, 6)]


def test_beside_an_event_loop(database: Database, folder: Path) -> None:
    """From threads, while the host's loop goes on and has children of its own; and from a coroutine, which waits."""

    async def host() -> list[object]:
        child = await asyncio.create_subprocess_exec("sleep", "0.3")
        calls = (asyncio.to_thread(call, database.url, dir=folder) for call in (lockmaster.gate, lockmaster.migrate))
        return [*await asyncio.gather(*calls), await child.wait(), lockmaster.migrate(database.url, dir=folder)]

    waited, migrated, child, last = asyncio.run(host())
    assert waited.level == migrated.level == last.level == "3_index"  # type: ignore[attr-defined]
    assert migrated.applied == LABELS  # type: ignore[attr-defined]
    assert child == 0


def test_what_every_call_returns(database: Database, folder: Path) -> None:
    assert [row.label for row in lockmaster.plan(database.url, dir=folder).rows] == list(LABELS)
    assert [row.state for row in lockmaster.status(database.url, dir=folder).rows] == ["pending"] * 3
    with pytest.raises(lockmaster.BehindError):
        lockmaster.gate(database.url, dir=folder, deadline=0.2)
    assert lockmaster.baseline(database.url, dir=folder, to="1") == ("1_t",)
    database.execute("CREATE TABLE t (a integer)")
    assert lockmaster.resolve(database.url, dir=folder, applied="2") == "2_rows is marked as applied"
    assert lockmaster.migrate(database.url, dir=folder).applied == ("3_index",)
    assert lockmaster.gate(database.url, dir=folder).level == "3_index"
    assert lockmaster.status(database.url, dir=folder).current


def test_what_goes_wrong_is_an_exception_with_a_hint(database: Database, tmp_path: Path) -> None:
    (tmp_path / "1_m.sql").write_text("SELEC 1;")
    with pytest.raises(lockmaster.MigrationFailedError) as caught:
        lockmaster.migrate(database.url, dir=tmp_path)
    assert (caught.value.exit, caught.value.retry) == (12, False)
    assert caught.value.details["sqlstate"] == "42601"
    assert caught.value.hint
