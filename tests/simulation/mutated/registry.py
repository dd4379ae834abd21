"""The list of all mutations, to which each adds itself by its decorator."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Patch = Callable[[pytest.MonkeyPatch], None]


class Mutation(NamedTuple):
    """`patch` makes the defect, for as long as the MonkeyPatch lives."""

    name: str
    patch: Patch
    breaks: str  # a pattern of the complaints that it must lead to
    modes: tuple[str, ...]  # in which it shows


MUTATIONS: list[Mutation] = []


def mutation(breaks: str, *modes: str) -> Callable[[Patch], Patch]:
    def add(patch: Patch) -> Patch:
        MUTATIONS.append(Mutation(patch.__name__, patch, breaks, modes))
        return patch

    return add
