"""A file half applied, repaired by a person and finished was said to be edited, when the person's word came first.

A simulated person said `resolve --applied` with the file as it was, and repaired it afterwards. So what counts is told
here, on a database where a file is half applied soon: whoever finishes it records the file that he has.
"""

import sqlite3
from hashlib import sha256

import pytest

from tests.facts.lab import Lab

HALF = """CREATE TABLE o1 (x int);
VACUUM;
CREATE TABLE o2 (x int) STRICKT;
"""
REPAIRED = HALF.replace(" STRICKT", "")


@pytest.fixture
def half(lite: Lab) -> Lab:
    """Give a file of which piece 3 has failed, and one that comes after it."""
    lite.write("1_half", HALF)
    lite.write("2_next", "CREATE TABLE o3 (x int);")
    ended = lite.run()
    assert ended.status == 13, ended.text
    assert "resolve --rolled-back 1_half" in ended.err
    return lite


def _sql(lab: Lab, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(lab.home / "app.db")
    with connection:
        rows = connection.execute(sql).fetchall()
    connection.close()
    return rows


def test_who_finishes_it_records_the_repaired_file(half: Lab) -> None:
    half.write("1_half", REPAIRED)
    half.good()
    recorded = _sql(half, "SELECT sha256 FROM lockmaster_history WHERE version = '1'")
    assert recorded == [(sha256(REPAIRED.encode()).hexdigest(),)]
    half.write("3_more", "CREATE TABLE o4 (x int);")
    assert "edited" not in half.good().text


def test_repaired_first_and_then_resolved_it_is_not_edited(half: Lab) -> None:
    half.write("1_half", REPAIRED)
    _sql(half, "CREATE TABLE o2 (x int)")
    half.good("--applied", "1_half", command="resolve")
    assert "edited" not in half.good().text
    assert _sql(half, "SELECT count(*) FROM sqlite_master WHERE name LIKE 'o_'") == [(3,)]


def test_resolved_first_and_then_repaired_it_is_edited(half: Lab) -> None:
    """The record says that the broken file is in effect, which the repaired one is not: nothing runs on that ground."""
    _sql(half, "CREATE TABLE o2 (x int)")
    half.good("--applied", "1_half", command="resolve")
    half.write("1_half", REPAIRED)
    ended = half.run()
    assert ended.status == 14, ended.text
    assert "edited after it was applied: 1_half" in ended.err
    half.write("1_half", HALF)  # the first of the two ways on that the hint names
    half.good()
