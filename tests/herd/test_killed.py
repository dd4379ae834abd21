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


def replaced(herd: Herd, runs: list[Run], victim: Run | None) -> None:
    """Kill it, and start its pod again."""
    assert victim is not None
    victim.kill9()
    runs.append(herd.program.start())


def test_the_holder_is_killed_in_the_slow_migration(make_herd: MakeHerd) -> None:
    herd = make_herd()
    runs = herd.meet()
    until(herd.sleeps, "the holder is at work", 60)
    replaced(herd, runs, holder(herd, runs))
    verdict(herd, runs)


def test_the_holder_is_killed_while_it_builds_the_index(make_herd: MakeHerd) -> None:
    herd = make_herd()
    with herd.old_snapshot():
        runs = herd.meet()
        until(herd.index_waits, "the holder is at work", 60)
        replaced(herd, runs, holder(herd, runs))
    verdict(herd, runs)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_three_are_killed_at_random_and_started_again(make_herd: MakeHerd, seed: int) -> None:
    herd = make_herd()
    chance = random.Random(seed)  # noqa: S311 - no secret
    runs = herd.meet()
    for number in range(3):
        time.sleep(chance.uniform(0.5, 2.0))
        victim = holder(herd, runs) if number == 1 else None
        replaced(herd, runs, victim or chance.choice([run for run in runs if run.running]))
    verdict(herd, runs)
