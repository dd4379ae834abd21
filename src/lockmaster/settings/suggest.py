"""Did you mean ...? Loaded only when somebody mistyped."""

from __future__ import annotations

from difflib import get_close_matches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, "" if none is near."""
    names = {name.lower().replace("-", "_"): name for name in known}
    close = get_close_matches(word.lower().replace("-", "_"), names, n=1, cutoff=0.6)
    return f"did you mean {names[close[0]]}?" if close else ""
