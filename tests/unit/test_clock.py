"""The rhythm of waiting: how often a herd asks."""

from random import Random

import pytest

from lockmaster.clock import Rhythm


def _looks(peers: int, *, told: bool, seconds: float) -> int:
    """How often all of them together look within this time."""
    looks = 0
    for seed in range(peers):
        rhythm, now = Rhythm(Random(seed)), 0.0  # noqa: S311 - the same each time
        while (now := now + rhythm.pause(peers, told=told)) < seconds:
            looks += 1
    return looks


@pytest.mark.parametrize("peers", [4, 20, 100, 1000])
def test_a_herd_that_is_told_looks_as_often_as_three_whatever_its_size(peers: int) -> None:
    """From its first second on: a wait of ten seconds is no dearer than one of minutes."""
    assert 60 <= _looks(peers, told=True, seconds=60.0) <= 3 * 60
    assert 5 <= _looks(peers, told=True, seconds=10.0) <= 3 * 10


@pytest.mark.parametrize("told", [True, False])
def test_a_few_look_often_at_first(*, told: bool) -> None:
    assert _looks(1, told=told, seconds=2.0) >= 3
    assert 0.4 <= _looks(1, told=told, seconds=600.0) / 600 <= 1.1


def test_who_is_not_told_looks_for_himself_also_in_a_herd() -> None:
    rhythm = Rhythm(Random(1))  # noqa: S311 - the same each time
    assert sum(rhythm.pause(100, told=False) for _ in range(3)) < 2.0
