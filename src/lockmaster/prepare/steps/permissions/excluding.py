"""Which entries are left alone: shell patterns, as .gitignore has them in their simple form."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WILD = re.compile(r"\*\*/|\*\*|\*|\?")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def excluded(patterns: Sequence[str]) -> Callable[[str], bool] | None:
    """Whether a path (below the folder, without a / in front) is left alone; None where all take part.

    A pattern without a / is a name at any depth. One with a / is a path: `cache/*.db`, `**/tmp/keep`.
    """
    if not patterns:
        return None
    shapes = "|".join(_shape(pattern) for pattern in patterns)
    matches = re.compile(shapes, re.DOTALL).fullmatch
    return lambda path: matches(path) is not None


def _shape(pattern: str) -> str:
    named = pattern.rstrip("/")
    parts, at = ["" if "/" in named else "(?:.*/)?"], 0
    named = named.lstrip("/")
    for found in _WILD.finditer(named):
        parts += [re.escape(named[at : found.start()]), _MEANING[found[0]]]
        at = found.end()
    return "".join([*parts, re.escape(named[at:])])
