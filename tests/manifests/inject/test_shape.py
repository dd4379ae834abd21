"""Whatever stands in a manifest, it is injected into or it is told what is wrong: never a traceback."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from lockmaster.errors import UsageError
from lockmaster.manifests.stream import Stream, plain
from tests.manifests.inject.files import injected
from tests.manifests.inject.kinds import manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

JUNK: tuple[Any, ...] = (None, "x", [None], {"a": [1]})
WISHES: tuple[dict[str, Any], ...] = (
    {"all": True, "where": "first"},
    {"wrap": "migrate"},
    {"replace": "migrate"},
    {"remove": True},
)


def paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if here:
        yield here
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from paths(value[key], (*here, key))


@pytest.mark.parametrize("number", range(len(JUNK)))
def test_junk_anywhere_is_told_or_does_not_matter(number: int) -> None:
    once = injected(manifest("Deployment"), wrap="migrate")
    told: list[UsageError] = []
    for text in (manifest("Deployment"), once):
        root = plain(Stream("x", text).documents[0].root)
        for count, path in enumerate(paths(root)):
            changed = copy.deepcopy(root)
            place = changed
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = JUNK[number]
            try:
                injected(json.dumps(changed), **WISHES[count % len(WISHES)])
            except UsageError as error:
                told.append(error)
    assert told
    assert [error.message for error in told if not error.hint] == []
