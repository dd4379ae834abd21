"""Bugs of the engine that the simulation has found and that are not repaired yet.

Complaints of these names are not raised, and worlds in which the others show are not drawn. Each has a test in
`test_schedules` with the shortest schedule that shows it, expected to fail; who repairs one, removes both.
"""

KNOWN: frozenset[str] = frozenset()
