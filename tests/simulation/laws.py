"""The laws of DESIGN.md section 1, as they look from inside the database and at the end of each process.

After each commit: every effect at most once (1), in order (1), inside no other session's piece of work (2), and the
history says neither more nor less than what is in effect (1, 7). At each call: nobody sleeps inside a transaction (3),
and nobody who has seen that nothing is pending writes or locks (4). At each end: ready means ready, and a failure is
one that the folder or the schedule explains, whose words on what is in the database are true (7).

A broken law is remembered and raised by the scheduler, because the engine might catch what is raised inside it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.engine.failures import LostConnectionError
from lockmaster.engine.journal import Journal, decode
from lockmaster.engine.report import NOTHING
from lockmaster.engine.results import MigrateResult
from lockmaster.errors import (
    HistoryMismatchError,
    LockmasterError,
    MigrationFailedError,
    MigrationHalfDoneError,
    NoTurnError,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockmaster.engine.model import Record
    from tests.simulation.backend import Backend
    from tests.simulation.folder import Spec
    from tests.simulation.pods import Pod
    from tests.simulation.server import Server
    from tests.simulation.world import World

MANY_LOSSES = 3  # from there on the engine may give up over one migration


class LawError(AssertionError):
    """A law is broken: what hypothesis is to find in a mutated engine, and never in ours."""


class Laws:
    """Judges one world.

    `known`: complaints that are reported bugs of the engine, not raised again. `only`: a pattern of the complaints that
    are wanted, for a mutated engine, which has to be caught for what it is.
    """

    def __init__(self, world: World, specs: Sequence[Spec], known: frozenset[str], only: str) -> None:
        self._only = re.compile(rf"({only})\b" if only else "")
        self._world, self._specs, self._known = world, specs, known
        self._by_label = {spec.label: spec for spec in specs}
        self._by: dict[str, str] = {}  # which pod brought each effect
        self._reported: dict[str, str] = {}
        self._commits: list[tuple[int, Backend]] = []
        self.broken: list[str] = []

    @property
    def _server(self) -> Server:
        return self._world.server

    def check(self) -> None:
        if self.broken:
            raise self.error(self.broken[0])

    def error(self, text: str) -> LawError:
        """With everything that happened, for whoever has to understand it."""
        error = LawError(text)
        error.add_note(str(self._world.log))
        return error

    def complain(self, name: str, text: str) -> None:
        if name not in self._known and self._only.match(name):
            self._world.log.add("the law", f"is broken: {name}: {text}")
            self.broken.append(f"{name}: {text}")

    # ---- after each commit --------------------------------------------------------------------------------

    def committed(self, backend: Backend, effects: Sequence[str]) -> None:
        self._world.log.add(backend.pod, f"commits {list(effects)}: {self._server.store.rows}")
        self._alone_at_work(backend)
        for effect in effects:
            self._by[effect] = backend.pod
            self._in_order(int(effect.partition("_")[0]))
        for spec in self._specs:
            self._truthful(spec)

    def _alone_at_work(self, backend: Backend) -> None:
        server = self._server
        began = server.tick if backend.began is None else backend.began
        between = [other for tick, other in self._commits if tick > began and other is not backend]
        if between:
            self.complain("two at once", f"{between[0].pod} committed inside a transaction of {backend.pod}")
        server.tick += 1
        self._commits.append((server.tick, backend))

    def _in_order(self, number: int) -> None:
        for spec in self._specs[: number - 1]:
            if [row.state for row in self._server.store.rows_of(spec.number)] != ["applied"]:
                self.complain("order", f"{number} took effect before {spec.label} was applied")

    def _truthful(self, spec: Spec) -> None:
        rows = self._server.store.rows_of(spec.number)
        counts = [self._server.store.effects[effect] for effect in spec.effects]
        if any(count > 1 for count in counts):
            return self.complain("once", f"effects of {spec.label}: {counts}")
        if len(rows) > 1:
            return self.complain("history", f"{spec.label} has {len(rows)} records")
        least, most = self._expected(spec, rows[0].state if rows else "", rows[0].journal if rows else "")
        for piece, count, low, high in zip(spec.pieces, counts, least, most, strict=True):
            if not low <= count <= (1 if piece.repeatable else high):
                return self.complain("history", f"{spec.label} is {rows or 'not recorded'}, its effects are {counts}")
        return None

    def _expected(self, spec: Spec, state: str, text: str) -> tuple[list[int], list[int]]:
        """How often each piece is in effect by the history's word: at least, at most."""
        total = len(spec.pieces)
        if state != "open":
            both = [1 if state == "applied" else 0] * total
            return both, both
        journal = decode(text) or Journal(0, total, "")
        done = [1] * journal.done + [0] * (total - journal.done)
        return done, [1] * min(total, journal.done + journal.intent) + done[journal.done + journal.intent :]

    # ---- at each call -------------------------------------------------------------------------------------

    def read(self, pod: Pod, records: Sequence[Record]) -> None:
        states = {record.id: record.state for record in records}
        pod.saw_current = all(states.get(str(spec.number)) == "applied" for spec in pod.image.specs)

    def costs(self, pod: Pod, call: str) -> None:
        if pod.saw_current:
            first = pod.session is not None and pod.session.reads == 1
            name = "current costs nothing, opened for writing" if first else "current costs nothing"
            self.complain(name, f"{pod.name} calls {call} after it saw that nothing is pending")
        if pod.kind == "gate":
            self.complain("a gate reads only", f"{pod.name} calls {call}")

    def sleeps(self, pod: Pod, *, in_transaction: bool) -> None:
        if in_transaction:
            self.complain("nobody waits inside", f"{pod.name} sleeps in a transaction")

    # ---- at each end --------------------------------------------------------------------------------------

    def ended(self, pod: Pod) -> None:
        if isinstance(pod.outcome, MigrateResult):
            self._ready(pod, pod.outcome)
        elif isinstance(pod.outcome, LockmasterError):
            self._claim(pod, pod.outcome)
            if not self._explained(pod, pod.outcome):
                edited = ", said to be edited" if "were edited since" in str(pod.outcome) else ""
                name = f"exit {int(pod.outcome.exit)}{edited}"
                self.complain(name, f"{pod.name}: {pod.outcome} {pod.outcome.details}")
        else:
            lost = isinstance(pod.outcome, LostConnectionError) and self._world.setup.mode == "direct"
            name = "escaped, while going direct" if lost else "escaped"
            self.complain(name, f"{pod.name} ends with {pod.outcome!r}")

    def _ready(self, pod: Pod, result: MigrateResult) -> None:
        for spec in pod.image.specs:
            if [row.state for row in self._server.store.rows_of(spec.number)] != ["applied"]:
                self.complain("ready", f"{pod.name} is ready, and {spec.label} is not applied")
        if result.total != len(pod.image.specs):
            self.complain("report", f"{pod.name} says {result.total} of {len(pod.image.specs)}")
        for label in result.applied:
            if label in self._reported:
                self.complain("report", f"{self._reported[label]} and {pod.name} both say that they applied {label}")
            self._reported[label] = pod.name

    def _claim(self, pod: Pod, error: LockmasterError) -> None:
        spec = self._by_label.get(error.details.get("migration", ""))
        nothing = isinstance(error, MigrationFailedError) or error.details.get("in the database now") == NOTHING
        if spec is None or not nothing:
            return
        # without its turn (lost, or over with the failed transaction) a pod speaks of its own work only
        any_pod = self._world.setup.mode == "session" and pod.session is not None and not pod.session.lost
        there = [
            effect
            for piece, effect in zip(spec.pieces, spec.effects, strict=True)
            if not piece.repeatable and effect in self._by and (any_pod or self._by[effect] == pod.name)
        ]
        there += [
            f"INVALID {effect}"
            for effect in spec.effects
            for index in self._server.store.indexes_of(effect)
            if not index.valid and (any_pod or index.pod == pod.name)
        ]
        if there:
            why = ", gave way" if isinstance(error, NoTurnError) else ", lost" if "was lost" in str(error) else ""
            self.complain(f"nothing remains{why}", f"so {pod.name} says of {spec.label}: {there} is in effect: {error}")

    def _explained(self, pod: Pod, error: LockmasterError) -> bool:
        spec = self._by_label.get(error.details.get("migration", ""))
        if isinstance(error, HistoryMismatchError):
            return pod.image.repaired != self._world.repaired
        if isinstance(error, UnreachableError):
            return pod.losses >= MANY_LOSSES
        if spec is None:
            return False
        if isinstance(error, NoTurnError):
            file = self._world.setup.mode == "file"  # where another pod's transaction makes a statement alone busy
            busy = any(p.trouble == "busy" or (file and p.kind == "vacuum") for p in spec.pieces)
            return self._world.setup.budget == 0 and busy
        fails = [p.trouble in ("broken", "syntax", "flaky") for p in spec.pieces]
        if isinstance(error, MigrationFailedError):
            return any(fails) or pod.losses >= MANY_LOSSES
        old = pod.image.repaired != self._world.repaired and any(piece.needs_repair for piece in spec.pieces)
        return isinstance(error, MigrationHalfDoneError) and (old or any(fails[1:]) or self._opaque(spec))

    def _opaque(self, spec: Spec) -> bool:
        """Interrupted in a CALL, or in a statement that was edited since: nothing shows what became of it."""
        journals = [decode(row.journal) for row in self._server.store.rows_of(spec.number)]
        pieces = [spec.pieces[one.done] for one in journals if one and one.intent]
        return any(piece.kind == "call" or (piece.needs_repair and self._world.repaired) for piece in pieces)
