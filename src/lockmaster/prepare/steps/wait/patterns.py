"""Regular expressions of users."""

from __future__ import annotations

import re

from lockmaster.errors import UsageError


def compiled(pattern: str, field: str) -> re.Pattern[str]:
    """The pattern. Raises UsageError that says where it is wrong."""
    try:
        return re.compile(pattern)
    except re.error as error:
        hint = "a dot, bracket or star that is meant as itself has a backslash before it"
        raise UsageError(f"{field}: {pattern!r} is not a regular expression: {error}", hint=hint) from error
