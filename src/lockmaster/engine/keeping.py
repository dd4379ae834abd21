"""The turn of an errand in a database whose locks live in a session, or in a transaction that stays open."""

from __future__ import annotations

from lockmaster.clock import Deadline
from lockmaster.engine.errand import Seen
from lockmaster.engine.failures import LostConnectionError, ServerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from lockmaster.clock import Clock
    from lockmaster.engine.model import View
    from lockmaster.engine.ports import Database, Records, Session

    class OnceLike(Records, Protocol):
        """The record of one key."""

        def record(self, command: str, seconds: float) -> tuple[str, ...]: ...


PROOF_SECONDS = 5.0  # between two proofs: middleboxes see life, and a loss is known before the server frees the lock
_ANSWER_SECONDS = 3.0


class DatabaseKeeper:
    """See `engine.ports.Keeper`.

    Behind a transaction pooler the turn is a lock of one READ COMMITTED transaction that does nothing else and stays
    open; where there is a way around the pooler (`direct`), that is taken instead.
    """

    def __init__(
        self,
        database: Database,
        history: OnceLike,
        name: str,
        mark: str,
        direct: Callable[[], Database] | None,
        clock: Clock,
    ) -> None:
        self.name = (
            name  # for the sessions of the errand's command; `mark` is the part of it that tells them from others
        )
        self._database, self._history, self._mark, self._direct = database, history, mark, direct
        self._clock = clock
        self._session: Session | None = None
        self._exists = False

    @property
    def writable(self) -> bool:
        session = self._open()
        return session.writable and (session.caps.session_state or self._direct is None)

    def open(self, limit: Deadline, *, write: bool) -> Seen:
        self.close()
        self._session, view = self._database.open(self._history, limit, write=write)
        if write and not self._session.caps.session_state and self._direct is not None:
            self._session.close()
            self._database, self._direct = self._direct(), None
            self._session, view = self._database.open(self._history, limit, write=True)
        return self._seen(view, told=False)

    def look(self, *, load: bool = False) -> Seen:
        session = self._open()
        told = load and session.listen(self._history)
        return self._seen(session.read(self._history, load=load), told=told)

    def _seen(self, view: View, *, told: bool) -> Seen:
        self._exists = view.exists
        return Seen(bool(view.records), view.load, view.peers, told)

    def take(self) -> bool:
        return self._open().try_turn(self._history)

    def wait(self, seconds: float) -> bool:
        return self._open().sleep(seconds)

    def prepare(self) -> bool:
        if self._exists:
            return True
        session = self._open()
        try:
            session.write(self._history.create())
        except ServerError as error:
            if not error.done_before:
                raise
            raise LostConnectionError(error.text) from error  # somebody made it in this moment: begin anew
        self._exists = True
        return session.caps.turn_spans_transactions

    def orphans(self, *, end: bool) -> tuple[str, ...]:
        return self._open().others(self._mark, self._answer_in_time(), end=end)

    def hold(self, seconds: float, wake: Sequence[object]) -> None:
        session = self._open()
        session.hold(self._answer_in_time())
        session.sleep(min(seconds, PROOF_SECONDS), wake)

    def record(self, command: str, seconds: float) -> None:
        self._open().write(self._history.record(command, seconds), announce=True)

    def release(self) -> None:
        session = self._open()
        session.release()
        session.announce(self._history)

    def descriptors(self) -> tuple[int, ...]:
        return self._open().descriptors()

    def holder(self) -> str:
        return self._open().holder(self._history)

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _answer_in_time(self) -> Deadline:
        return Deadline(self._clock, _ANSWER_SECONDS)

    def _open(self) -> Session:
        if self._session is None:
            raise LostConnectionError("the session is closed")
        return self._session
