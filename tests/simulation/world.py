"""One world: the server, the pods, the time, and the acts that a schedule is made of.

What is guaranteed: the same acts in the same order are the same run, because only one thread has the baton and the
engine's jitter is fixed (`conftest`). What is not modelled stands in `folder` and `server`.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Literal, NamedTuple

from lockmaster.clock import Deadline
from lockmaster.engine.gate import Gate
from lockmaster.engine.model import Policy
from lockmaster.engine.results import MigrateResult
from lockmaster.engine.run import Runner, Waits
from lockmaster.errors import MigrationHalfDoneError
from lockmaster.events import nowhere
from tests.simulation.client import Place, SimDatabase
from tests.simulation.folder import Image, SimSource, Spec
from tests.simulation.laws import LawError, Laws
from tests.simulation.pods import Pod, SimClock
from tests.simulation.server import Server
from tests.simulation.store import Row, SimHistory

if TYPE_CHECKING:
    from tests.simulation.backend import Backend

PATIENCE = 6_000  # stops until everybody has to be ready, once nothing happens any more


class Setup(NamedTuple):
    """What a world starts with. Pods: what each is, and how many of the migrations its image knows."""

    mode: Literal["session", "pooled", "direct", "file"]
    specs: tuple[Spec, ...]
    pods: tuple[tuple[Literal["migrate", "gate"], int], ...]
    batch_units: int = 50
    budget: float = 1e9  # seconds that a run gives way to live traffic
    standby: bool = False
    created: bool = False  # the history table is there from the beginning

    @property
    def place(self) -> Place:
        mode = "pooled" if self.mode == "direct" else self.mode
        return Place(mode, self.batch_units if mode == "session" else 1, self.standby)


class World:
    def __init__(self, setup: Setup, known: frozenset[str] = frozenset(), only: str = "") -> None:
        self.setup = setup
        self.laws = Laws(self, setup.specs, known, only)
        pieces = {e: p for spec in setup.specs for e, p in zip(spec.effects, spec.pieces, strict=True)}
        self.server = Server(pieces, self.laws.committed)
        self.server.store.created = setup.created
        self.time = 0.0
        self.repaired = False  # the newest image is one in which everything broken was repaired
        self.standby: tuple[Row, ...] | None = None  # what the standby shows
        self._names = 0
        self.pods = [self._pod(kind, level) for kind, level in setup.pods]

    def _pod(self, kind: Literal["migrate", "gate"], level: int) -> Pod:
        self._names += 1
        pod = Pod(self, f"pod-{self._names}", kind, Image(self.setup.specs[:level], self.repaired))
        source, history, clock = SimSource(pod.image), SimHistory(), SimClock(pod)
        database = SimDatabase(self.server, pod, self.setup.place)
        if kind == "gate":
            gate = Gate(database, source, history, Policy(), clock=clock, emit=nowhere, limit=Deadline(clock, None))
            pod.start(gate.wait)
            return pod
        waits = Waits(database=None, turn=None, lock_budget=self.setup.budget)
        direct = (lambda: SimDatabase(self.server, pod, Place("session", 50))) if self.setup.mode == "direct" else None
        runner = Runner(database, source, history, Policy(), waits, clock=clock, emit=nowhere, direct=direct)
        pod.start(runner.migrate)
        return pod

    # ---- acts ---------------------------------------------------------------------------------------------

    def go(self, pod: Pod, stops: int = 1) -> None:
        """Let it run, at most to its end."""
        for _ in range(stops):
            if not pod.running:
                return
            self.server.tick += 1
            self.time += 0.001
            if not pod.advance():
                self.laws.ended(pod)
            self.laws.check()

    def go_to(self, pod: Pod, at: str, times: int = 1) -> None:
        """Let it run until it stands in this call (for the so-manieth time)."""
        for _ in range(times):
            self.go(pod)
            while pod.running and pod.at != at:
                self.go(pod)
        assert pod.running, f"{pod.name} never came to {at}: {pod.outcome!r}"

    def finish(self, pod: Pod) -> None:
        self.go(pod, PATIENCE)
        assert not pod.running, f"{pod.name} does not end: it stands at {pod.at}"

    def kill(self, pod: Pod) -> None:
        if pod.running:
            self._leave(pod)
            pod.kill()

    def cut(self, pod: Pod) -> None:
        """The network between this pod and the server is cut; a file has none."""
        if pod.running and pod.session is not None and not pod.session.cut and self.setup.mode != "file":
            pod.losses += 1
            pod.session.cut = True

    def _leave(self, pod: Pod) -> None:
        if pod.session is not None and not pod.session.cut:
            pod.session.cut = True
            if self.setup.mode == "file":
                pod.session.backend.end()

    def restart(self, pod: Pod) -> Pod:
        """Put a new pod in the place of one that has ended, with the newest image of its level."""
        assert not pod.running
        new = self._pod(pod.kind, len(pod.image.specs))
        self.pods[self.pods.index(pod)] = new
        return new

    def restart_server(self) -> None:
        """Restart it at once: every session ends, nothing that was committed is lost."""
        for pod in self.pods:
            pod.losses += pod.running and pod.session is not None and pod.session.backend.alive
        for backend in list(self.server.backends):
            backend.end()

    @property
    def orphans(self) -> list[Backend]:
        mine = {id(pod.session.backend) for pod in self.pods if pod.running and pod.session and not pod.session.cut}
        return [backend for backend in self.server.backends if id(backend) not in mine]

    def announce(self) -> None:
        for pod in self.pods:
            if pod.session is not None and pod.session.listening:
                pod.wake()

    def replicate(self) -> None:
        self.standby = self.server.store.rows if self.server.store.created else None

    # ---- the end ------------------------------------------------------------------------------------------

    def calm(self) -> None:
        """Nothing happens any more: everybody becomes ready within a bound, and one more has nothing to do."""
        for backend in self.orphans:
            backend.end()
        stops, bursts = 0, Random(0)  # noqa: S311 - no two in lockstep for ever, and the same each time
        while waiting := [pod for pod in self.pods if not isinstance(pod.outcome, MigrateResult)]:
            for pod in waiting:
                if pod.running:
                    self.go(pod, bursts.randint(1, 15))
                    stops += 10
                else:
                    self._mend(pod)
                self.replicate()
            if stops > PATIENCE:
                raise LawError(f"live: {[(pod.name, pod.at, pod.calls[-8:]) for pod in waiting]} are still not ready")
        for spec in self.setup.specs[: max(level for _, level in self.setup.pods)]:
            self._complete(spec)
        self._one_more()

    def _mend(self, pod: Pod) -> None:
        """What Kubernetes and people do about a pod that ended: start it again, repair the script, decide a CALL."""
        if isinstance(pod.outcome, MigrationHalfDoneError):
            if self.server.lock.holder() is not None:
                return  # `resolve` takes the turn, so whoever does that waits
            self._person(next(s for s in self.setup.specs if s.label == pod.outcome.details["migration"]))
        if pod.outcome is not None:
            self.repaired = True
        self.restart(pod)
        if self._names > 30 * len(self.pods):
            raise LawError(f"live: pods are started again and again, now for {pod.outcome!r}")

    def _person(self, spec: Spec) -> None:
        """Finish by hand what a CALL left open, and say so: `resolve --applied`."""
        store = self.server.store
        if any(piece.kind == "call" for piece in spec.pieces) and store.rows_of(spec.number)[0].state == "open":
            store.effects.update({effect: 1 - store.effects[effect] for effect in spec.effects})
            done = Row(str(spec.number), spec.label, store.rows_of(spec.number)[0].checksum, "applied")
            store.rows = tuple(done if row.id == done.id else row for row in store.rows)

    def _complete(self, spec: Spec) -> None:
        counts = [self.server.store.effects[effect] for effect in spec.effects]
        states = [row.state for row in self.server.store.rows_of(spec.number)]
        if states != ["applied"] or counts != [1] * len(counts):
            raise LawError(f"once: in the end {spec.label} is {states}, its effects are {counts}")
        if any(not index.valid for effect in spec.effects for index in self.server.store.indexes_of(effect)):
            raise LawError(f"nothing half-made: in the end {spec.label} has left an INVALID index")

    def _one_more(self) -> None:
        """Law 4: a pod that has nothing to do opens, reads and leaves."""
        self.replicate()
        pod = self._pod("migrate", len(self.setup.specs[: max(level for _, level in self.setup.pods)]))
        self.pods.append(pod)
        self.finish(pod)
        if pod.calls != ["open", "read"]:
            raise LawError(f"current costs nothing: it calls {pod.calls}")

    def end(self) -> None:
        """Let no thread stay."""
        for pod in self.pods:
            self.kill(pod)
