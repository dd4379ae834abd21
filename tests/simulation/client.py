"""The engine's side of the seam: `Database` and `Session` whose every call is a place to die or to be cut off.

A call stops (`Pod.pause`) before it is sent, wherever its message stands still in the server, and before its answer
is read. Cut off there, it raises LostConnectionError; killed there, nothing that the engine does afterwards
(`finally`) has an effect.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from lockmaster.engine.failures import LostConnectionError, LostTurnError, ServerError
from lockmaster.engine.model import Capabilities, View
from tests.simulation.backend import Backend
from tests.simulation.folder import SimDialect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lockmaster.clock import Deadline
    from lockmaster.engine.model import Alone, Unit, Verdict
    from lockmaster.engine.ports import History
    from tests.simulation.backend import Message, T
    from tests.simulation.pods import Pod
    from tests.simulation.server import Server
    from tests.simulation.store import Row

_DIALECT = SimDialect()


class Place(NamedTuple):
    """How pods reach the database. Modes: "session", "pooled" (a transaction pooler), "file" (as SQLite)."""

    mode: str
    batch_units: int = 1
    standby: bool = False  # what is opened only to read leads to a standby, which lags behind

    @property
    def caps(self) -> Capabilities:
        return Capabilities(
            turn_spans_transactions=self.mode == "session",
            session_state=self.mode != "pooled",
            batch_bytes=1 << 18 if self.mode == "session" else 0,
            batch_units=self.batch_units,
        )


class SimDatabase:
    """See `engine.ports.Database`. Opening always succeeds in the end; `standby` holds the rows that it shows."""

    def __init__(self, server: Server, pod: Pod, place: Place) -> None:
        self._server, self._pod, self._place = server, pod, place

    def open(self, history: History, wait: Deadline, *, write: bool) -> tuple[SimSession, View]:  # noqa: ARG002
        self._pod.pause("open")
        while True:
            session = SimSession(self._server, self._pod, self._place, recovery=self._place.standby and not write)
            try:
                return session, session.read(history)
            except LostConnectionError:
                session.close()


class SimSession:
    """See `engine.ports.Session`."""

    server = "Simulated 1"
    pooler = ""
    dialect = _DIALECT

    def __init__(self, server: Server, pod: Pod, place: Place, *, recovery: bool) -> None:
        self._server, self._pod = server, pod
        self.caps = place.caps
        self.recovery = recovery
        self.backend = Backend(server, pod.name, place.mode)
        self.cut = self.lost = False  # no way to the server; and so before we closed it
        self.listening = False
        self.last = View(exists=False, records=())  # what the last read showed
        self.reads = 0
        pod.session = self

    @property
    def writable(self) -> bool:
        return not self.recovery

    def _ask(
        self, name: str, message: Message[T], *, answered: bool = False, meanwhile: Callable[[], None] | None = None
    ) -> T:
        """Drive a message to its end. `answered`: it has an effect, so losing its answer is worth a stop."""
        self._pod.pause(name)
        self._connected()
        self.backend.message = message
        failure: ServerError | LostTurnError | None = None
        result: T
        while True:
            try:
                next(message)
            except StopIteration as end:
                result = end.value
                break
            except (ServerError, LostTurnError) as error:
                failure = error
                break
            self._pod.pause(f"{name}: working")
            self._connected()
            if meanwhile is not None:
                meanwhile()
                meanwhile = None
        self.backend.message = None
        if answered:
            self._pod.pause(f"{name}: answered")
            self._connected()
        if failure is not None:
            raise failure
        return result

    def _connected(self) -> None:
        if self.cut or not self.backend.alive:
            raise LostConnectionError("server closed the connection unexpectedly")

    # ---- reading ------------------------------------------------------------------------------------------

    def read(self, history: History, *, details: bool = False, load: bool = False) -> View:  # noqa: ARG002
        rows = self._ask("read", self._read())
        self.reads += 1
        self.last = View(rows is not None, history.parse(rows or ()), self._server.load if load else 0.0)
        self._pod.laws.read(self._pod, self.last.records)
        return self.last

    def _read(self) -> Message[tuple[Row, ...] | None]:
        yield from ()
        if self.recovery:
            return self._pod.world.standby
        return self._server.store.rows if self._server.store.created else None

    def locate(self, history: History) -> History:
        return history

    def strangers(self, history: History) -> tuple[str, ...]:  # noqa: ARG002
        return ()

    def identity(self) -> str:
        self._pod.pause("identity")
        self._connected()
        return "the database"

    def running_elsewhere(self, body: bytes) -> str:  # noqa: ARG002
        return ""

    # ---- the turn -----------------------------------------------------------------------------------------

    def try_turn(self, history: History) -> bool:  # noqa: ARG002
        self._pod.laws.costs(self._pod, "try_turn")
        return self._ask("try_turn", self.backend.try_turn(), answered=True)

    def release(self) -> None:
        try:
            self._ask("release", self.backend.release())
        except LostConnectionError:
            self.close()

    def holder(self, history: History) -> str:  # noqa: ARG002
        self._pod.pause("holder")
        self._connected()
        return ""

    # ---- running ------------------------------------------------------------------------------------------

    def write(self, rows: Sequence[str], *, announce: bool = False) -> None:
        self._pod.laws.costs(self._pod, "write")
        self._ask("write", self.backend.write(rows), answered=True)
        self._announce(wanted=announce)

    def run(
        self, units: Sequence[Unit], receipt: str, expected: int, *, meanwhile: Callable[[], None] | None = None
    ) -> None:
        self._pod.laws.costs(self._pod, "run")
        unit = units[0]
        if len(units) == 1 and unit.parts and self.backend.mode != "file":  # a big one is never sent with others
            for start, end in pairwise((0, *unit.parts, len(unit.body))):
                self._ask("part", self.backend.part(unit, start, end), answered=True)
            self._ask("run", self.backend.record(unit, receipt, expected), answered=True)
        else:
            self._ask("run", self.backend.run(units, receipt, expected), answered=True, meanwhile=meanwhile)
        self._announce(wanted=any(unit.announce for unit in units))

    def _announce(self, *, wanted: bool) -> None:
        if wanted:
            self._pod.world.announce()

    def pinpoint(self, unit: Unit, passed: int = 0) -> ServerError | None:  # noqa: ARG002
        return self._ask("pinpoint", self.backend.pinpoint(unit))

    def evidence(self, alone: Alone) -> str:
        return self._ask("evidence", self.backend.evidence(alone))

    def run_alone(self, alone: Alone) -> None:
        self._pod.laws.costs(self._pod, "run_alone")
        self._ask("run_alone", self.backend.run_alone(alone), answered=True)

    def judge(self, alone: Alone, evidence: str, *, answered: bool) -> Verdict:
        return self._ask("judge", self.backend.judge(alone, evidence, answered=answered), answered=True)

    # ---- waiting ------------------------------------------------------------------------------------------

    def listen(self, history: History) -> bool:  # noqa: ARG002
        self._pod.pause("listen")
        self._connected()
        self.listening = True
        return True

    def announce(self, history: History) -> None:  # noqa: ARG002
        self._pod.pause("announce")
        self._connected()
        self._announce(wanted=True)

    def sleep(self, seconds: float) -> bool:
        """Sleep. Nobody else is kept waiting by a transaction of ours meanwhile (law 3)."""
        self._pod.laws.sleeps(self._pod, in_transaction=self.backend.in_transaction)
        woken = self._pod.sleep(seconds)
        self._connected()
        return woken

    def close(self) -> None:
        """Say good-bye, if anybody is still there to hear it. No stop: a process that dies here has ended anyhow."""
        self._pod.living()
        self.lost = self.lost or self.cut or not self.backend.alive
        if not self.cut and self.backend.alive:
            self.backend.end()
        self.cut = True
