"""Bugs of the engine that the simulation has found and that are not repaired yet: complaints that it does not raise.

Each has a test in `test_schedules` with the shortest schedule that shows it, marked as expected to fail; who repairs
one, removes both.
"""

KNOWN = frozenset(
    {
        "current costs nothing, opened for writing",
        "nothing remains, gave way",
        "file: a piece fails",
        "exit 13, said to be edited",
        "escaped, while going direct",
    }
)
