"""Every point of the protocol at which the process may die, named.

Production code calls `reach(Fault.X)`, which does nothing unless a test has armed that point. The crash suite is
parametrised over the enum, so a new point cannot go untested.

Armed by `arm("after-lock=kill")` (the CLI does so from LOCKMASTER_FAULT). Actions: `kill` (SIGKILL to ourselves),
`pause:PATH` (create PATH, then wait until it is removed: the test cuts a network or restarts a server meanwhile).
`point@3=kill` acts on the third time only.
"""

from __future__ import annotations

from enum import Enum

from lockmaster.errors import UsageError


class Fault(Enum):
    """Points in the order in which one run meets them."""

    CONNECTED = "connected"  # the session is open, nothing was read
    READ = "read"  # history was read without the turn
    TURN_TAKEN = "turn-taken"  # the turn is ours, history not yet read under it
    READ_UNDER_TURN = "read-under-turn"  # the plan that counts is made
    HISTORY_CREATED = "history-created"  # the history table is committed
    MESSAGE_READY = "message-ready"  # a transaction with its record is composed, not sent
    MESSAGE_SENT = "message-sent"  # it is on its way; the server works on it or has done so
    MESSAGE_ANSWERED = "message-answered"  # the server's answer was read: it is committed
    BEGUN = "begun"  # BEGIN alone was answered (SQLite; behind a pooler)
    STATEMENT = "statement"  # one statement (a part of a big script) inside an open transaction was answered
    RECORDED = "recorded"  # the record is written, COMMIT not sent
    EVIDENCE = "evidence"  # evidence for a statement that cannot be in a transaction was read
    INTENT = "intent"  # its intent is committed
    ALONE_SENT = "alone-sent"  # it was sent and not answered
    ALONE_ANSWERED = "alone-answered"  # it was answered, its end is not journalled
    DONE = "done"  # its end is journalled
    RECOVERED = "recovered"  # an interrupted record was understood and mended
    APPLIED = "applied"  # everything is applied, the turn is still ours
    RELEASED = "released"  # the turn was given back


class ErrandFault(Enum):
    """The same for `exec`, whose work is somebody else's command."""

    KEY_READ = "key-read"  # the record of the key was read without the turn
    TURN = "errand-turn"  # the turn is ours, nothing read under it
    PREPARED = "prepared"  # the table for the key is there
    STARTED = "child-started"  # the command runs
    WORKED = "child-ended"  # the command ended well, its key is not recorded
    RECORDED = "key-recorded"  # the key is recorded, the turn still ours


_armed: dict[Enum, tuple[int, str]] | None = None


def arm(spec: str) -> None:
    """Arm the points in `spec`, comma separated `POINT[@N]=ACTION`. Raises UsageError for an unknown point."""
    global _armed  # noqa: PLW0603 - the one switch that keeps `reach` free of cost
    points = {point.value: point for kind in (Fault, ErrandFault) for point in kind}
    armed: dict[Enum, tuple[int, str]] = {}
    for item in filter(None, spec.split(",")):
        point, _, action = item.partition("=")
        name, _, nth = point.partition("@")
        if name not in points or not (nth or "1").isdigit():
            raise UsageError(f"LOCKMASTER_FAULT: no such point: {point}")
        armed[points[name]] = (int(nth or 1), action)
    _armed = armed or None


def reach(point: Enum) -> None:
    """Nothing, or what a test has armed for this point."""
    if _armed is not None and point in _armed:
        _act(_armed, point)


def _act(armed: dict[Enum, tuple[int, str]], point: Enum) -> None:
    left, action = armed[point]
    if left > 1:
        armed[point] = (left - 1, action)
        return
    del armed[point]
    import os
    import signal
    import time

    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    _, _, path = action.partition("pause:")
    with open(path, "x"):
        pass
    while os.path.exists(path):
        time.sleep(0.01)
