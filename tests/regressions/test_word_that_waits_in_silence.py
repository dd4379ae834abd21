"""resolve and baseline waited for the turn for half an hour without a word."""

import pytest

from tests.facts.lab import Lab, busy
from tests.support.database import Database


@pytest.mark.parametrize(("command", "option"), [("baseline", "--to=1"), ("resolve", "--applied=1")])
def test_it_says_who_has_the_turn(lab: Lab, database: Database, command: str, option: str) -> None:
    lab.write("1_m", "CREATE TABLE t ();")
    key = 8797427540306348812  # of public.lockmaster_history
    with busy(database, f"SELECT pg_advisory_lock({key}), pg_sleep(60)", "the holder"):
        ended = lab.run(option, "--wait-for-turn=1s", command=command)
    assert ended.status == 11, ended.text
    assert "waiting for the turn: the holder (pid " in ended.err


def test_a_dry_run_with_nothing_to_do_says_so(lab: Lab) -> None:
    """It printed nothing at all."""
    lab.write("1_m", "CREATE TABLE t ();")
    assert "CREATE TABLE t" in lab.good("--dry-run").out
    lab.good()
    assert lab.good("--dry-run").out == "-- nothing to apply\n"
