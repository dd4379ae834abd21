"""Taking the turn, and going on with it: BEGIN IMMEDIATE, what it must find, COMMIT.

Guarantee (law 1): in every transaction of ours, the history was either read inside it, or proven to be what this
session last read or wrote: SQLite says that no other connection has written since, or the rows are the same. So a
turn that SQLite ends with each COMMIT is as good as one that lasts: whoever comes in between is noticed before
anything is changed.
"""

from __future__ import annotations

from lockmaster.clock import Deadline, pauses
from lockmaster.engine.failures import LostConnectionError, LostTurnError, ServerError
from lockmaster.errors import LockmasterError
from lockmaster.faults import Fault, reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.clock import Clock
    from lockmaster.databases.sqlite.reader import Reader
    from lockmaster.databases.sqlite.wire import Rows, Wire
    from lockmaster.engine.ports import Records


class Turn:
    """The transaction that is open, or what has to be unchanged for the next one."""

    def __init__(self, wire: Wire, reader: Reader, clock: Clock, lock_timeout: float) -> None:
        self._wire = wire
        self._reader = reader
        self._clock = clock
        self._lock_timeout = lock_timeout
        self._history: Records | None = None
        self._known = False  # whether `_rows` is what the history holds as far as we know
        self._rows: Rows | None = None
        self._version: tuple[int, int] | None = None  # SQLite's own proof, which ends with the connection

    def take(self, history: Records) -> bool:
        """BEGIN IMMEDIATE; False when somebody else writes."""
        self._history = history
        if self._wire.in_transaction:
            return True
        self._forget()
        return self._begin(foreign_keys=True)

    def seen(self, rows: Rows | None) -> None:
        """The history was read inside our transaction."""
        self._known, self._rows = True, rows

    @property
    def tied(self) -> bool:
        """The proof is the connection's: without it, the turn could not be gone on with."""
        return self._version is not None and not self._known

    def release(self) -> None:
        """End whatever is open. What was known before it is not believed any more."""
        self._forget()
        self.roll_back(keep=not self._wire.held)

    def enter(self, *, foreign_keys: bool = True) -> None:
        """Be in a transaction in which what we know still holds. Raises LostTurnError.

        `foreign_keys` can only be switched outside of a transaction: for that, the open one is given up. Between
        it and the next anybody may write, and the proof tells.
        """
        if self._wire.in_transaction and foreign_keys != self._enforced():
            self.leave()
        if not self._wire.in_transaction:
            self._resume(foreign_keys=foreign_keys)

    def leave(self) -> None:
        """End the open transaction, which has changed nothing, so that it can be gone on from."""
        if self._wire.in_transaction:
            self._remember(rows=not self._known)
            self._wire.execute("ROLLBACK")

    def renew(self) -> None:
        """Go on in a fresh connection: what an earlier script set or attached in this one is not ours."""
        self.leave()
        self._wire.close()

    def commit(self, *, hold: bool = False, rows: bool = True) -> None:
        """COMMIT, repeated while readers are in its way (C8); the transaction keeps new ones out meanwhile.

        `hold` keeps the file from others, where that is possible, until the connection ends. `rows` remembers
        the history's: only they prove something in another connection, or beside an application that writes.
        """
        before = (self._known, self._rows)
        if hold:
            self._hold()
        self._forget()
        self._remember(rows=rows)
        reach(Fault.MESSAGE_SENT)
        try:
            self._commit()
        except BaseException:
            self._known, self._rows = before
            raise
        reach(Fault.MESSAGE_ANSWERED)

    def roll_back(self, *, keep: bool) -> None:
        """Undo what is open; `keep` the connection and its temporary tables if possible. Never raises."""
        try:
            if keep and self._wire.in_transaction:
                self._wire.execute("PRAGMA main.locking_mode=NORMAL")  # before ROLLBACK, which then lets go
                self._wire.execute("ROLLBACK")
                self._wire.held = False
        except (LockmasterError, ServerError, LostConnectionError):
            keep = False
        if not keep:
            self._wire.close()

    # ---- parts ----------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._known, self._rows, self._version = False, None, None

    def _remember(self, *, rows: bool) -> None:
        self._version = self._wire.data_version()
        if rows:
            self.seen(self._now())

    def _begin(self, *, foreign_keys: bool) -> bool:
        if not self._wire.write:  # here BEGIN IMMEDIATE would succeed, and lock nothing
            raise ServerError("the file was opened for reading only", kind="read-only")
        self._wire.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")  # Prisma has them on
        try:
            self._wire.execute("BEGIN IMMEDIATE")
        except ServerError as error:
            if error.kind == "busy":
                return False
            raise
        reach(Fault.BEGUN)
        return True

    def _enforced(self) -> bool:
        return bool(self._wire.execute("PRAGMA foreign_keys")[0][0])

    def _resume(self, *, foreign_keys: bool) -> None:
        if not self._known and self._version is None:
            raise LostTurnError("there is no turn to go on with")
        limit = Deadline(self._clock, self._lock_timeout)
        for pause in pauses(0.001, 0.05):
            if self._begin(foreign_keys=foreign_keys):
                break
            if limit.over():
                raise self._lost("somebody else took it between two transactions")
            self._wire.pause(min(pause, limit.left()))
        if self._version != self._wire.data_version() and not (self._known and self._now() == self._rows):
            raise self._lost("somebody else wrote between two transactions")

    def _lost(self, why: str) -> LostTurnError:
        self.release()
        return LostTurnError(why)

    def _now(self) -> Rows | None:
        assert self._history is not None  # noqa: S101 - for the type checker: `take` was there first
        return self._reader.history(self._history)

    def _hold(self) -> None:
        """Keep the exclusive lock that COMMIT gets, until the other pieces of this migration are done.

        In WAL mode nobody can while another connection is open. There, another process may take over between
        two pieces; the proof of the next transaction tells.
        """
        if not self._wire.held and self._wire.execute("PRAGMA main.journal_mode")[0][0] != "wal":
            self._wire.execute("PRAGMA main.locking_mode=EXCLUSIVE")
            self._wire.held = True

    def _commit(self) -> None:
        limit = Deadline(self._clock, self._lock_timeout)
        for pause in pauses(0.002, 0.05):
            try:
                self._wire.execute("COMMIT")
            except ServerError as error:
                error.index = 0
                if error.kind != "busy" or limit.over():
                    raise
            else:
                return
            self._wire.pause(min(pause, limit.left()))
