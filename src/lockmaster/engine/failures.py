"""What crosses the seam between database and engine when something fails. Not for users: the engine translates."""

from __future__ import annotations


class LostConnectionError(Exception):
    """The connection went away: neither a failure nor a success. The turn must be taken before anything is believed."""


class LostTurnError(Exception):
    """A transaction of ours found that the turn is not ours any more. It was rolled back."""


class NeedsSessionError(Exception):
    """Behind a transaction pooler something is pending that needs a session."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(reasons[0])
        self.reasons = reasons


class ServerError(Exception):
    """The database refused. `kind` says what the engine may do about it.

    Kinds: "script" (the migration's own fault), "busy" (a lock, a deadlock, a serialization failure: give way and
    try again), "alone" (refuses a transaction; nothing was done), "full" (disk, memory, connections),
    "privilege", "read-only", "timeout" (statement_timeout or an administrator's cancel), "syntax" (refused before
    anything of the message ran).
    """

    def __init__(
        self,
        text: str,
        *,
        kind: str,
        sqlstate: str = "",
        index: int | None = None,
        offset: int | None = None,
        detail: str = "",
        hint: str = "",
        context: str = "",
        done_before: bool = False,
    ) -> None:
        super().__init__(text)
        self.text = text
        self.kind = kind
        self.sqlstate = sqlstate
        self.index = index  # which unit of the message, if known
        self.offset = offset  # byte offset inside that unit's body, if known
        self.detail = detail
        self.hint = hint
        self.context = context
        self.done_before = done_before  # this is how a repeat of DDL that was already done betrays itself
        self.passed = 0  # so many bytes of that unit's body had gone through, for certain, when this happened
        self.in_transaction = True  # False: at COMMIT, or behind it
