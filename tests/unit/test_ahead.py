"""What is sent together, and what is made ready early, against a real folder; no message of a run depends on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lockmaster.databases.postgres.dialect import PostgresDialect
from lockmaster.engine.ahead import Ahead, Telling, groups
from lockmaster.engine.model import Capabilities
from lockmaster.engine.pieces import prepare, unit
from lockmaster.errors import UsageError
from lockmaster.events import TurnLost, Warned
from lockmaster.formats.native import NativeSource
from lockmaster.formats.native_history import NativeHistory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lockmaster.engine.ahead import Batch
    from lockmaster.engine.pieces import Prepared
    from lockmaster.events import Event

CAPS = Capabilities(turn_spans_transactions=True, session_state=True, batch_bytes=100, batch_units=3)
PLAIN, ALONE = "SELECT 1;", "VACUUM;"
BIG = "SELECT '" + "x" * 200 + "';"


class Folder:
    """A folder of scripts, prepared; and how often its batches were composed."""

    def __init__(self, path: Path, *scripts: str) -> None:
        self.path = path
        for number, script in enumerate(scripts, 1):
            (path / f"{number:02}_m.sql").write_text(script)
        self.source = NativeSource(str(path))
        dialect = PostgresDialect()
        self.history = NativeHistory(dialect, "public")
        self.work = [prepare(self.source, dialect, one) for one in self.source.migrations()]
        self.composed: list[int] = []

    def compose(self, group: Sequence[Prepared]) -> Batch:
        self.composed.append(len(group))
        return [(one, unit(self.source, self.history, one, announce=False)) for one in group]

    def ahead(self) -> Ahead:
        return Ahead(self.work, CAPS, self.compose)


@pytest.mark.parametrize(
    ("scripts", "expected"),
    [
        ([PLAIN] * 7, [3, 3, 1]),
        ([PLAIN, ALONE, PLAIN, PLAIN], [1, 1, 2]),
        ([PLAIN, BIG, PLAIN], [1, 1, 1]),
        (["", "-- nothing\n", PLAIN], [3]),
        ([PLAIN, "SET standard_conforming_strings = off;", PLAIN], [2, 1]),
        ([PLAIN, "SELECT pg_advisory_unlock_all();", PLAIN], [2, 1]),
    ],
)
def test_what_is_sent_together(tmp_path: Path, scripts: list[str], expected: list[int]) -> None:
    work = Folder(tmp_path, *scripts).work
    found = list(groups(work, CAPS))
    assert [len(group) for group in found] == expected
    assert [one for group in found for one in group] == work


def test_a_batch_is_composed_once_early_or_not(tmp_path: Path) -> None:
    folder = Folder(tmp_path, *[PLAIN] * 7)
    ahead = folder.ahead()
    labels = []
    for group in ahead:
        labels += [one.migration for _, one in ahead.batch(group)]
        ahead.hurry()
        ahead.hurry()
    assert folder.composed == [3, 3, 1]
    assert labels == [prepared.migration.label for prepared in folder.work]


def test_neither_a_big_one_nor_one_that_stands_alone_is_composed_early(tmp_path: Path) -> None:
    for scripts in ((PLAIN, BIG), (PLAIN, ALONE)):
        folder = Folder(tmp_path, *scripts)
        ahead = folder.ahead()
        ahead.batch(next(iter(ahead)))
        ahead.hurry()
        assert folder.composed == [1]


def test_a_script_that_changed_is_told_when_its_turn_comes(tmp_path: Path) -> None:
    folder = Folder(tmp_path, *[PLAIN] * 4)
    (tmp_path / "04_m.sql").write_text("SELECT 2;")
    ahead = folder.ahead()
    given = iter(ahead)
    ahead.batch(next(given))
    ahead.hurry()
    with pytest.raises(UsageError, match="changed while it was being applied"):
        ahead.batch(next(given))


def test_events_keep_their_order() -> None:
    heard: list[Event] = []
    tell = Telling(heard.append)
    tell.later(Warned("1"))
    tell.later(Warned("2"))
    assert heard == []
    tell(TurnLost("3"))
    tell.later(Warned("4"))
    tell.meanwhile()
    assert heard == [Warned("1"), Warned("2"), TurnLost("3"), Warned("4")]


def test_what_a_listener_raises_waits_for_the_answer_of_the_server() -> None:
    def listen(event: Event) -> None:
        raise RuntimeError(str(event))

    tell = Telling(listen)
    tell.later(Warned("1"))
    tell.meanwhile()
    with pytest.raises(RuntimeError, match="1"):
        tell.catch_up()
    tell.catch_up()
