"""The database itself: what is committed, the one lock, and the trouble that statements make.

The turn is one lock in three ways, which exclude each other: of the session (taken twice, proved in each
transaction, with a third lock of the transaction), of the transaction behind a pooler, of the transaction in a file.
NOT modelled: deadlocks, waiting in the server, crashes of the server that lose what was committed.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from lockmaster.engine.failures import ServerError
from tests.simulation.folder import REPAIRED, effects_in
from tests.simulation.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.simulation.backend import Backend
    from tests.simulation.folder import Piece

_ERRORS = {
    "busy": ("busy", "55P03"), "flaky": ("full", "53100"), "broken": ("script", "22012"), "syntax": ("syntax", "42601"),
}  # fmt: skip


class Lock:
    """The migration lock: held by a session so many times, by a transaction, or by both of the same backend."""

    def __init__(self) -> None:
        self.session: Backend | None = None
        self.times = 0
        self.transaction: Backend | None = None

    def holder(self) -> Backend | None:
        return self.session or self.transaction

    def free_for(self, backend: Backend) -> bool:
        return self.session in (None, backend) and self.transaction in (None, backend)

    def give(self, backend: Backend, times: int) -> None:
        if self.session is backend:
            self.times = max(0, self.times - times)
            self.session = backend if self.times else None


class Server:
    """The database itself. `pieces` says which trouble each effect makes; `watch` is told of every commit."""

    def __init__(self, pieces: dict[str, Piece], watch: Callable[[Backend, Sequence[str]], None]) -> None:
        self.store = Store()
        self.lock = Lock()
        self.pieces = pieces
        self.attempts: Counter[str] = Counter()
        self.backends: list[Backend] = []
        self.load = 0.0
        self.tick = 0
        self._watch = watch

    def commit(self, backend: Backend, effects: Sequence[str], commands: Sequence[str]) -> None:
        """All of it or, with ServerError, nothing."""
        rows = self.store.after(commands)
        self.store.created = self.store.created or any(json.loads(one)["do"] == "create" for one in commands)
        self.store.rows = rows
        for effect in effects:
            once = self.pieces[effect].repeatable and self.store.effects[effect]
            self.store.effects[effect] += 0 if once else 1
        self._watch(backend, effects)

    def trouble(self, effect: str, body: bytes, *, again: bool = False) -> ServerError | None:
        """What this statement fails with, this time; `again`: only looking, it counts as no attempt."""
        piece = self.pieces[effect]
        if not piece.trouble or (piece.needs_repair and REPAIRED in body):
            return None
        if not piece.needs_repair:
            self.attempts[effect] += not again
            if self.attempts[effect] > piece.times:
                return None
        kind, state = _ERRORS[piece.trouble]
        offset = body.find(effect.encode()) if piece.trouble == "syntax" else None
        return ServerError(f"{piece.trouble} {effect}", kind=kind, sqlstate=state, offset=offset)

    def execute(self, body: bytes, index: int, *, again: bool = False) -> list[str]:
        """The effects of this script inside a transaction. ServerError where a statement fails."""
        effects = effects_in(body)
        for effect in effects:
            error = self.trouble(effect, body, again=again)
            if error is None and self.pieces[effect].kind == "call":
                error = ServerError(f"invalid transaction termination {effect}", kind="alone", sqlstate="2D000")
            if error is not None:
                error.index = index
                raise error
        return effects
