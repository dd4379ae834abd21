"""Some of a herd are killed, and started again by their kubelet: the others go on, and all come to their end."""

import random
import re
import time

import pytest

from tests.crash.program import KILLED, Run
from tests.herd.conftest import Herd, MakeHerd
from tests.support.cli import until

pytestmark = [pytest.mark.herd, pytest.mark.xdist_group("herd"), pytest.mark.usefixtures("server_source")]
HOLDER = """
SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND a.application_name LIKE 'lockmaster/%'
AND a.datname = current_database()"""


def holder(herd: Herd, runs: list[Run]) -> Run | None:
    """Find the process that has the turn, by its pod's name."""
    rows = herd.database.rows(HOLDER)
    found = re.fullmatch(r"lockmaster/pod-(\d+)", rows[0][0]) if rows else None
    return runs[int(found[1]) - 1] if found else None


def verdict(herd: Herd, runs: list[Run]) -> None:
    survivors = [run for run in runs if run.ends(110) != KILLED]
    assert [run.ends() for run in survivors] == [0] * len(survivors), "".join(run.text for run in survivors)
    herd.is_complete()


@pytest.mark.parametrize("statement", ["pg_sleep", "CREATE INDEX CONC"], ids=["slow", "index"])
def test_the_holder_is_killed_in_the_middle(make_herd: MakeHerd, statement: str) -> None:
    herd = make_herd()
    at_work = (
        f"SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%{statement}%'"
        " AND application_name LIKE 'lockmaster/%' AND datname = current_database()"
    )
    runs = herd.meet()
    until(lambda: herd.database.value(at_work) >= 1, "the holder is at work", 60)
    victim = holder(herd, runs)
    assert victim is not None
    victim.kill9()
    runs.append(herd.program.start())  # its pod starts again
    verdict(herd, runs)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_three_are_killed_at_random_and_started_again(make_herd: MakeHerd, seed: int) -> None:
    herd = make_herd()
    chance = random.Random(seed)  # noqa: S311 - no secret
    runs = herd.meet()
    for number in range(3):
        time.sleep(chance.uniform(0.5, 2.0))
        victim = holder(herd, runs) if number == 1 else None
        victim = victim or chance.choice([run for run in runs if run.running])
        victim.kill9()
        runs.append(herd.program.start())
    verdict(herd, runs)
