"""The same behind a transaction pooler: the turn is a lock of the transaction, and ends with it.

Three messages per migration: BEGIN and try-lock, whose answer is looked at (a false answer alone stops nothing, A4); the
history, read anew; then script, record and COMMIT.
"""

from __future__ import annotations

from lockmaster.databases.postgres import message
from lockmaster.databases.postgres.session import PostgresSession
from lockmaster.engine.failures import LostTurnError
from lockmaster.engine.model import Capabilities, View
from lockmaster.faults import Fault, reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lockmaster.clock import Deadline
    from lockmaster.engine.model import Unit
    from lockmaster.engine.ports import Records


class PooledSession(PostgresSession):
    """Never sets anything for the session: it is somebody else's server connection a moment later."""

    caps = Capabilities(turn_spans_transactions=False, session_state=False, batch_bytes=0, batch_units=1)
    _last_key = 0  # of the turn that ended with the last message

    def read(self, history: Records, *, details: bool = False, load: bool = False) -> View:
        """Under the turn nothing may fail: the error of a missing table would end the transaction, and the turn."""
        if not self.wire.idle():
            facts = self.wire.send(self._hello_sql(history, load=load))[0]
            self._learn(facts)
            if facts[2] is None:
                return View(exists=False, records=(), load=float(facts[3]))
        return super().read(history, details=details, load=load)

    def try_turn(self, history: Records) -> bool:
        if not self.wire.idle():
            raise LostTurnError("a turn is open already")
        key = self.locate(history).lock
        begin = message.begin(self._limits, local=self._settings.local)
        lock = f"SELECT pg_catalog.pg_try_advisory_xact_lock({key}), {message.DEADLOCK_TIMEOUT}"
        taken, deadlock = self.wire.send(f"{begin}{lock}")[0]
        if self._keep_below(deadlock):
            self.wire.send(f"SET LOCAL lock_timeout = {self._limits.lock_timeout}")
        self._key = key if taken else None
        reach(Fault.BEGUN)
        if not taken:
            self.wire.send("ROLLBACK")
        return bool(taken)

    def release(self) -> None:
        self._key = None
        if not self.wire.idle():
            self._undo()

    def write(self, rows: Sequence[str], *, announce: bool = False) -> None:
        key = self.held_key()
        told = message.announce(key) if announce else ""
        self._key = None
        self.wire.send(f"{';'.join(rows)};{told}COMMIT")
        self._check_idle()

    def run(
        self, units: Sequence[Unit], receipt: str, expected: int, *, meanwhile: Callable[[], None] | None = None
    ) -> None:
        key = self.held_key()
        (unit,) = units
        rows = ";".join(unit.rows)
        told = message.announce(key) if unit.announce else ""
        tail = message.Chunk(f"\n;{self._put_back()}{rows};{told}COMMIT;{receipt}".encode())
        self._key, self._last_key = None, key
        answer = self._converse(units, [*message.stretches(0, unit), tail], meanwhile)
        self._check_idle()
        if not answer or answer[0][0] != expected:
            raise LostTurnError("the record is not there after the message")

    def _put_back(self) -> str:
        """What a script set, also inside of functions, where no reader sees it: the application would have it next.

        The pooler believes that these two are as it made them for us, and so they have to stay.
        """
        name = self.dialect.literal(str(self.wire.connection.info.parameter_status("application_name")))
        kept = f"SET client_encoding = 'UTF8';SET application_name = {name};"
        return f"RESET SESSION AUTHORIZATION;RESET ROLE;RESET ALL;{kept}"

    def hold(self, limit: Deadline) -> None:
        self.held_key()
        self.wire.within("SELECT 1", limit)  # the transaction that holds the lock is the one that answers

    def _begin_again(self, unit: Unit) -> bool:
        """With the turn once more, for without it the statements would run beside somebody else's."""
        del unit  # it sets nothing for the session: that was refused
        begin = message.begin(self._limits, local=self._settings.local)
        return bool(self.wire.send(f"{begin}SELECT pg_catalog.pg_try_advisory_xact_lock({self._last_key})")[0][0])

    def listen(self, history: Records) -> bool:
        """Never: a notification would go to whoever has the server connection then."""
        del history
        return False
