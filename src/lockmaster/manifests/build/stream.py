"""Documents, one after the other."""

from __future__ import annotations


def joined(*documents: str) -> str:
    """A stream of those that are not empty; each begins with its marker."""
    return "".join(f"---\n{text}" for text in documents if text)
