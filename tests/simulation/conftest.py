"""The engine's jitter is fixed here, so that the same schedule is the same run."""

from random import Random
from typing import TYPE_CHECKING

import pytest

from lockmaster import clock
from lockmaster.engine import apply, gate, run

if TYPE_CHECKING:
    from collections.abc import Iterator


def _pauses(first: float, most: float) -> "Iterator[float]":
    return clock.pauses(first, most, Random(0))  # noqa: S311 - to be the same each time


@pytest.fixture(autouse=True)
def _no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "pauses", _pauses)
    for module in (gate, run):
        monkeypatch.setattr(module, "Rhythm", lambda: clock.Rhythm(Random(0)))  # noqa: S311 - as above
