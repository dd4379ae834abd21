"""One world: the server, the pods, the time, and the acts that a schedule is made of.

What is guaranteed: the same set-up and the same acts in the same order are the same run, because only one thread has
the baton and the engine's jitter is drawn from the set-up's seed. What is not modelled stands in `folder` and `server`.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Literal, NamedTuple

from lockmaster.clock import Deadline
from lockmaster.engine.gate import Gate
from lockmaster.engine.model import Policy
from lockmaster.engine.run import Runner, Waits
from tests.simulation.client import Place, SimDatabase
from tests.simulation.folder import Image, SimSource, Spec
from tests.simulation.laws import Laws
from tests.simulation.log import Log
from tests.simulation.pods import Pod, SimClock
from tests.simulation.server import Server
from tests.simulation.store import SimHistory

if TYPE_CHECKING:
    from tests.simulation.backend import Backend
    from tests.simulation.store import Row

PATIENCE = 6_000  # stops after which a pod that has not ended does not end


class Setup(NamedTuple):
    """What a world starts with. Pods: what each is, and how many of the migrations its image knows."""

    mode: Literal["session", "pooled", "direct", "file"]
    specs: tuple[Spec, ...]
    pods: tuple[tuple[Literal["migrate", "gate"], int], ...]
    batch_units: int = 50
    budget: float = 1e9  # seconds that a run gives way to live traffic
    standby: bool = False
    created: bool = False  # the history table is there from the beginning
    seed: int = 0  # of the engine's jitter

    @property
    def place(self) -> Place:
        mode = "pooled" if self.mode == "direct" else self.mode
        return Place(mode, self.batch_units if mode == "session" else 1, self.standby)


class World:
    """See `calm` for how a world ends well; `end` ends it in any case."""

    def __init__(self, setup: Setup, known: frozenset[str] = frozenset(), only: str = "") -> None:
        self.setup = setup
        self.log = Log(self)
        self.laws = Laws(self, setup.specs, known, only)
        pieces = {e: p for spec in setup.specs for e, p in zip(spec.effects, spec.pieces, strict=True)}
        self.server = Server(pieces, self.laws.committed)
        self.server.store.created = setup.created
        self.time = 0.0
        self.repaired = False  # the newest image is one in which everything broken was repaired
        self.standby: tuple[Row, ...] | None = None  # what the standby shows
        self.started = 0
        self.pods = [self.start(kind, level) for kind, level in setup.pods]

    @property
    def newest(self) -> tuple[Spec, ...]:
        """The migrations that the newest image among the pods knows."""
        return self.setup.specs[: max(level for _, level in self.setup.pods)]

    def start(self, kind: Literal["migrate", "gate"], level: int) -> Pod:
        self.started += 1
        pod = Pod(self, f"pod-{self.started}", kind, Image(self.setup.specs[:level], self.repaired))
        self.log.add(pod.name, f"starts to {kind} up to {level}{', repaired' * self.repaired}")
        source, history, clock = SimSource(pod.image), SimHistory(), SimClock(pod)
        rng = Random(f"{self.setup.seed} {pod.name}")  # noqa: S311 - to be the same each time

        def emit(event: object) -> None:
            self.log.add(pod.name, event)

        database = SimDatabase(self.server, pod, self.setup.place)
        if kind == "gate":
            limit = Deadline(clock, None)
            gate = Gate(database, source, history, Policy(), clock=clock, emit=emit, limit=limit, rng=rng)
            pod.start(gate.wait)
            return pod
        waits = Waits(database=None, turn=None, lock_budget=self.setup.budget)
        direct = (lambda: SimDatabase(self.server, pod, Place("session", 50))) if self.setup.mode == "direct" else None
        runner = Runner(database, source, history, Policy(), waits, clock=clock, emit=emit, direct=direct, rng=rng)
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
            if pod.advance():
                self.log.add(pod.name, pod.at)
            else:
                self.log.add(pod.name, f"ends: {pod.outcome!r}")
                self.laws.ended(pod)
            self.laws.check()

    def go_to(self, pod: Pod, at: str, times: int = 1) -> None:
        """Let it run until it stands in this call (for the so-manieth time)."""
        for _ in range(times):
            self.go(pod)
            while pod.running and pod.at != at:
                self.go(pod)
        if not pod.running:
            raise self.laws.error(f"{pod.name} never came to {at}: {pod.outcome!r}")

    def finish(self, pod: Pod) -> None:
        self.go(pod, PATIENCE)
        if pod.running:
            raise self.laws.error(f"{pod.name} does not end: it stands at {pod.at}")

    def kill(self, pod: Pod) -> None:
        if pod.running:
            self.log.add(pod.name, "is killed")
            self._leave(pod)
            pod.kill()

    def cut(self, pod: Pod) -> None:
        """The network between this pod and the server is cut; a file has none."""
        if pod.running and pod.session is not None and not pod.session.cut and self.setup.mode != "file":
            self.log.add(pod.name, "is cut off")
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
        new = self.start(pod.kind, len(pod.image.specs))
        self.pods[self.pods.index(pod)] = new
        return new

    def restart_server(self) -> None:
        """Restart it at once: every session ends, nothing that was committed is lost."""
        self.log.add("server", "restarts")
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

    def end(self) -> None:
        """Let no thread stay."""
        for pod in self.pods:
            self.kill(pod)
