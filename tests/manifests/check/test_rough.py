"""Manifests that are broken in every way: the rules may find something or nothing, but never fall over."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lockmaster.errors import UsageError
from lockmaster.manifests.check.mend import mend
from lockmaster.manifests.check.run import examine
from lockmaster.manifests.stream import Stream, plain, read

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
JUNK: list[Any] = [
    None,
    0,
    -1,
    True,
    "",
    [],
    {},
    "x",
    ["a"],
    {"a": 1},
    3.5,
    [None],
    [{}],
    {"name": None},
    "100%",
    "$(A)",
]


@pytest.mark.parametrize("seed", range(4))
def test_values_of_any_kind_anywhere(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    roots = [plain(one.root) for path in HERE.glob("*/*.yaml") for one in read(str(path)).documents if one.root]
    for _ in range(150):
        root = copy.deepcopy(chance.choice(roots))
        for _ in range(chance.choice((1, 1, 2, 3))):
            _spoil(root, chance)
        stream = Stream("x", json.dumps(root))
        try:
            findings = examine([stream]).findings
        except UsageError:  # no object at all
            continue
        assert all(one.place.startswith("x:") and one.message for one in findings)
        mend(findings)
        assert stream.text


def _spoil(root: Any, chance: random.Random) -> None:
    """Put something else where something was, or take it away."""
    places = list(_places(root))
    if places:
        inside, key = chance.choice(places)
        if chance.random() < 0.1:
            del inside[key]
        else:
            inside[key] = copy.deepcopy(chance.choice(JUNK))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])
