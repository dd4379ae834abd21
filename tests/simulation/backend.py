"""A session in the server, and what it is asked for: messages as generators that stop at each point of interest.

A message stands still inside its transaction and between two of them, and whoever drives it may go away. Then the
backend is an orphan: it still has its lock, goes on with its message for as long as it likes, and at last ends, which
rolls back what is open and frees the lock.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lockmaster.engine.failures import LostTurnError, ServerError
from lockmaster.engine.model import Verdict
from tests.simulation.folder import effects_in

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from typing import TypeVar

    from lockmaster.engine.model import Alone, Unit
    from tests.simulation.server import Server
    from tests.simulation.store import Index

    T = TypeVar("T")
    Message = Generator[None, None, T]


class Backend:
    """A session in the server, with a lock of its session ("session") or only of transactions ("pooled", "file")."""

    def __init__(self, server: Server, pod: str, mode: str) -> None:
        self.server, self.pod, self.mode = server, pod, mode
        self.alive = True
        self.began: int | None = None  # tick at which the open transaction, or the statement alone, began
        self.effects: list[str] = []  # in the open transaction of a script that comes in parts
        self.message: Generator[None, None, object] | None = None
        server.backends.append(self)

    @property
    def in_transaction(self) -> bool:
        return self.server.lock.transaction is self

    def has_turn(self) -> bool:
        """What the proof in each transaction looks at."""
        lock = self.server.lock
        return self.in_transaction if self.mode != "session" else lock.session is self and lock.times >= 2

    def end(self) -> None:
        """The session is over: its transaction is rolled back and its lock is free."""
        self.alive = False
        if self.message is not None:
            self.message.close()
            self.message = None
        lock = self.server.lock
        lock.give(self, lock.times)
        self._roll_back()
        if self in self.server.backends:
            self.server.backends.remove(self)

    def go_on(self) -> None:
        """The client is gone, and the server works on."""
        try:
            if self.message is not None:
                next(self.message)
        except (StopIteration, ServerError, LostTurnError):
            self.message = None

    # ---- transactions -------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.server.lock.transaction = self
        self.began = self.server.tick

    def _roll_back(self) -> None:
        self.began = None
        if self.in_transaction:
            self.server.lock.transaction = None

    @contextmanager
    def _proved(self) -> Iterator[None]:
        """A transaction that fails at once without the turn, and cannot lose it before its end."""
        if not self.has_turn():
            self._roll_back()
            raise LostTurnError("the turn is not held")
        if self.mode == "session":
            self._begin()
        try:
            yield
        finally:
            self._roll_back()

    # ---- messages -----------------------------------------------------------------------------------------

    def try_turn(self) -> Message[bool]:
        yield from ()
        if self.mode == "pooled" and self.in_transaction:
            raise LostTurnError("a turn is open already")
        if not self.server.lock.free_for(self):
            return False
        if self.mode == "session":
            self.server.lock.session = self
            self.server.lock.times += 2
        else:
            self._begin()
        return True

    def release(self) -> Message[None]:
        yield from ()
        if self.mode == "session":
            self.server.lock.give(self, 2)
        else:
            self._roll_back()

    def write(self, commands: Sequence[str]) -> Message[None]:
        with self._proved():
            yield
            self.server.commit(self, (), commands)

    def run(self, units: Sequence[Unit], receipt: str, expected: int) -> Message[None]:
        self._refuse_syntax(units)
        for index, unit in enumerate(units):
            with self._proved():
                effects = self.server.execute(unit.body, index)
                self._drop(effects)
                yield
                self.server.commit(self, effects, unit.rows)
            yield
        if self.server.store.count(receipt) != expected:
            raise LostTurnError("records are missing after the message")

    def part(self, unit: Unit, start: int, end: int) -> Message[None]:
        """A part of a big script. The transaction stays open after it, and nobody but the client can go on in it."""
        if start == 0:
            self.effects = []
            if not self.has_turn():
                self._roll_back()
                raise LostTurnError("the turn is not held")
            if self.mode == "session":
                self._begin()
        part = unit._replace(body=unit.body[start:end])
        try:
            self._refuse_syntax([part])
            self.effects += (effects := self.server.execute(part.body, 0))
            self._drop(effects)
        except ServerError as error:
            error.passed, error.offset = start, None if error.offset is None else start + error.offset
            self._roll_back()
            raise
        yield

    def record(self, unit: Unit, receipt: str, expected: int) -> Message[None]:
        """After the last part: the record, and COMMIT."""
        try:
            yield
            self.server.commit(self, self.effects, unit.rows)
        finally:
            self._roll_back()
        yield
        if self.server.store.count(receipt) != expected:
            raise LostTurnError("records are missing after the message")

    def _drop(self, effects: Sequence[str]) -> None:
        """Of a script that drops the session's locks."""
        if any(self.server.pieces[effect].kind == "drops" for effect in effects):
            self.server.lock.give(self, self.server.lock.times)

    def _refuse_syntax(self, units: Sequence[Unit]) -> None:
        """A message is parsed before any of it runs (PROTOCOL-FACTS D1)."""
        for index, unit in enumerate(units):
            for effect in effects_in(unit.body):
                if self.server.pieces[effect].trouble == "syntax" and (error := self.server.trouble(effect, unit.body)):
                    error.index = index
                    self._roll_back()
                    raise error

    def pinpoint(self, unit: Unit) -> Message[ServerError | None]:
        yield from ()
        if self.mode != "session":
            return None
        with self._proved():
            try:
                self.server.execute(unit.body, 0, again=True)
            except ServerError as error:
                error.offset = unit.body.find(error.text.rpartition(" ")[2].encode())
                return error
        return None

    # ---- statements that refuse a transaction -------------------------------------------------------------

    def evidence(self, alone: Alone) -> Message[str]:
        yield from ()
        (effect,) = effects_in(alone.body)
        return json.dumps([index.oid for index in self.server.store.indexes_of(effect)])

    def run_alone(self, alone: Alone) -> Message[None]:
        """Proved only just before, as the real one is: it has no transaction to hold a lock meanwhile."""
        server = self.server
        (effect,) = effects_in(alone.body)
        if self.mode == "file":
            return (yield from self._alone_in_file(effect))
        if not self.has_turn():
            raise LostTurnError("the turn is not held")
        self.began = server.tick
        try:
            error = server.trouble(effect, alone.body)
            index = server.store.build(effect, self.pod) if server.pieces[effect].kind == "index" else None
            yield
            if error is not None:
                raise error  # what it has built stays, INVALID
            self._take_effect(effect, index)
            if server.pieces[effect].kind == "discard":
                server.lock.give(self, server.lock.times)
            yield
        finally:
            self.began = None

    def _take_effect(self, effect: str, index: Index | None) -> None:
        store = self.server.store
        if index is not None:
            if index not in store.indexes:
                raise ServerError("the index is gone", kind="script", sqlstate="42704")
            store.validate(index)
        self.server.commit(self, (effect,), ())

    def _alone_in_file(self, effect: str) -> Message[None]:
        """No turn can be had around it in a file, so there only what may be repeated stands alone."""
        self._roll_back()
        if self.server.lock.holder() is not None:
            raise ServerError("database is locked", kind="busy")
        if error := self.server.trouble(effect, b""):
            raise error
        self.server.commit(self, (effect,), ())
        yield

    def judge(self, alone: Alone, evidence: str, *, answered: bool) -> Message[Verdict]:
        """The rules of `databases.postgres.evidence`, in small."""
        yield from ()
        (effect,) = effects_in(alone.body)
        if alone.what != "create-index-concurrently":
            if answered:
                return Verdict("done", "it was answered")
            return Verdict("again" if alone.what in ("vacuum", "discard-all") else "person", "it was not answered")
        store = self.server.store
        new = [index for index in store.indexes_of(effect) if index.oid not in json.loads(evidence)]
        for index in new:
            if not index.valid:
                store.drop(index)
        if any(index.valid for index in new):
            return Verdict("done", "the index is there and valid")
        return Verdict("again", "no index was made")
