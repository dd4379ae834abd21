"""Where in a template something is wrong: file, line, and the line itself."""

from __future__ import annotations

from lockmaster.errors import StepFailedError

_WIDEST = 160


def wrong(shown: str, text: str, line: int, message: str, hint: str = "") -> StepFailedError:
    """The error, with `shown:line` in front and the line as a detail."""
    lines = text.splitlines()
    there = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    there = there if len(there) <= _WIDEST else there[: _WIDEST - 3] + "..."
    return StepFailedError(f"{shown}:{line}: {message}", hint=hint, details={"line": there} if there else {})


def line_of(text: str, offset: int) -> int:
    """The line, from 1, that a place in the text is in."""
    return text.count("\n", 0, offset) + 1
