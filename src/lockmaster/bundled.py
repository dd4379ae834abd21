"""Whether this runs from a bundle (docs/bundle.md), and what to say about a package that is not there.

Imports nothing of the house.
"""

from __future__ import annotations

import os
import sys

DESCRIPTION = "BUNDLE.json"  # lies at the top of a bundle, and nowhere else


def place() -> str:
    """The folder of the bundle that this process runs from; "" in an ordinary Python."""
    return sys.prefix if os.path.isfile(os.path.join(sys.prefix, DESCRIPTION)) else ""


def how_to_have(extra: str) -> str:
    """The next act where a package of this extra is missing."""
    if place():
        return "the bundle leaves it out to stay small: run this step from Lockmaster's image, which has it"
    return f"pip install 'lockmaster[{extra}]'"
