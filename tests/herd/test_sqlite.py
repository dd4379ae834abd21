"""Twenty processes at once on one SQLite file."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.program import KILLED, Program
from tests.crash.truth import expected, in_sqlite
from tests.herd.conftest import HERD
from tests.herd.folders import LITE
from tests.support.cli import until

pytestmark = [pytest.mark.herd, pytest.mark.xdist_group("herd")]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    one = Program(LITE.write(tmp_path / "migrations", "sqlite"), f"sqlite:///{tmp_path / 'app.db'}")
    yield one
    one.close()


def is_complete(tmp_path: Path) -> None:
    assert in_sqlite(tmp_path / "app.db", LITE) == expected(LITE, {"a": 1})


def test_twenty_at_once(program: Program, tmp_path: Path) -> None:
    runs = program.herd(HERD)
    failed = [run.text for run in runs if run.ends(110) != 0]
    assert not failed, f"{len(failed)} failed, the first with {failed[0]}"
    is_complete(tmp_path)


def test_the_holder_is_killed_in_the_middle(program: Program, tmp_path: Path) -> None:
    runs = program.herd(HERD)
    until(lambda: any("applied 0001" in run.text for run in runs), "one of them has begun")
    time.sleep(0.5)
    for run in runs[:5]:
        run.kill9()
    restarted = [program.start() for _ in range(5)]
    assert {run.ends(110) for run in runs[:5]} <= {KILLED, 0}
    survivors = [*runs[5:], *restarted]
    failed = [run.text for run in survivors if run.ends(110) != 0]
    assert not failed, f"{len(failed)} failed, the first with {failed[0]}"
    is_complete(tmp_path)
