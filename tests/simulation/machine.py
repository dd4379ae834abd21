"""Hypothesis draws a world and a schedule: who goes on, who dies, what is cut, what an orphan still does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, Verbosity, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.simulation.calm import calm
from tests.simulation.folder import Kind, Piece, Spec, Trouble
from tests.simulation.world import Setup, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy

    from tests.simulation.pods import Pod

MODES = ("session", "pooled", "direct", "file")


def profile(examples: int, steps: int, *, shrink: bool = True, derandomize: bool = True) -> settings:
    """The same examples in every run, if derandomized; without `shrink` it stops at the first that fails."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=derandomize,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.normal if shrink else Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )


# ---- worlds -------------------------------------------------------------------------------------------------


def _piece(kind: Kind, troubles: Sequence[Trouble]) -> SearchStrategy[Piece]:
    return st.builds(Piece, st.just(kind), st.sampled_from(troubles), st.integers(1, 3))


def pieces(mode: str, known: frozenset[str] = frozenset()) -> SearchStrategy[tuple[Piece, ...]]:
    """The pieces of one migration, of the shapes that this mode can run."""
    some: tuple[Trouble, ...] = ("", "", "", "busy", "flaky", "broken")
    plain = _piece("plain", some)
    one = st.tuples(_piece("plain", (*some, "syntax")))
    one |= st.lists(_piece("row", (*some, "syntax")), min_size=2, max_size=3).map(tuple)
    if mode == "pooled":
        return one
    vacuum = _piece("vacuum", ("", "busy", "flaky"))
    if mode == "file":
        if "file: a piece fails" in known:
            plain, vacuum = _piece("plain", ("", "busy")), _piece("vacuum", ("", "busy"))
        return one | st.lists(plain | vacuum, min_size=1, max_size=3).map(tuple).filter(_several)
    index = _piece("index", some)
    discard = st.just(Piece("discard"))
    mixed = st.lists(plain | index | vacuum | discard, min_size=1, max_size=3).map(tuple).filter(_several)
    some_more = one | one | mixed | mixed | st.tuples(_piece("drops", ("", "busy")))
    if mode == "direct":  # a CALL that the splitter cannot see does not make the engine take the direct way
        return some_more
    call = st.just(Piece("call"))
    return some_more | st.tuples(call) | st.tuples(plain, call)


def _several(found: tuple[Piece, ...]) -> bool:
    return len(found) > 1 or found[0].kind != "plain"


@st.composite
def setups(
    draw: st.DrawFn, modes: Sequence[Any] = MODES, known: frozenset[str] = frozenset(), *, created: bool = False
) -> Setup:
    mode = draw(st.sampled_from(modes))
    found = draw(st.lists(pieces(mode, known), min_size=1, max_size=4))
    specs = tuple(Spec(number, one) for number, one in enumerate(found, 1))
    level = st.sampled_from(range(len(specs), 0, -1))
    kinds = st.sampled_from(("migrate", "migrate", "migrate", "gate"))
    others: list[tuple[Any, int]] = draw(st.lists(st.tuples(kinds, level), min_size=1, max_size=3))
    return Setup(
        mode,
        specs,
        (("migrate", len(specs)), *others),
        batch_units=draw(st.sampled_from((50, 2, 1))) if mode == "session" else 1,
        budget=draw(st.sampled_from((1e9, 0.0))),
        standby=mode == "session" and draw(st.booleans()),
        created=created or draw(st.booleans()),
        seed=draw(st.integers(0, 999)),
    )


# ---- schedules ----------------------------------------------------------------------------------------------

_pods = st.integers(0, 3)
_stops = st.integers(1, 12)


class Replicas(RuleBasedStateMachine):
    """The rules; `machine` adds the worlds."""

    world: World

    def _of(self, pod: int) -> tuple[World, Pod]:
        return self.world, self.world.pods[pod % len(self.world.pods)]

    @rule(pod=_pods, stops=_stops)
    def go(self, pod: int, stops: int) -> None:
        world, one = self._of(pod)
        world.go(one, stops)

    @rule(pod=_pods)
    def finish(self, pod: int) -> None:
        """Run for long: to the end, if nobody is in the way."""
        world, one = self._of(pod)
        world.go(one, 60)

    @rule(pod=_pods, stops=_stops)
    def go_and_die(self, pod: int, stops: int) -> None:
        world, one = self._of(pod)
        world.go(one, stops)
        world.kill(one)

    @rule(pod=_pods, stops=_stops)
    def go_and_be_cut_off(self, pod: int, stops: int) -> None:
        world, one = self._of(pod)
        world.go(one, stops)
        world.cut(one)

    @rule(pod=_pods, repaired=st.booleans())
    def start_again(self, pod: int, *, repaired: bool) -> None:
        world, one = self._of(pod)
        if not one.running:
            world.repaired = world.repaired or repaired
            world.restart(one)

    @precondition(lambda self: bool(self.world.orphans))
    @rule(which=st.integers(0, 9), stops=st.integers(0, 3), ends=st.booleans())
    def orphan(self, which: int, stops: int, *, ends: bool) -> None:
        """What a backend does whose client is gone: go on, and perhaps notice."""
        backend = self.world.orphans[which % len(self.world.orphans)]
        for _ in range(stops):
            self.world.server.tick += 1
            backend.go_on()
        self.world.log.add(backend.pod, f"is an orphan that goes on for {stops} stops{' and ends' * ends}")
        if ends:
            backend.end()
        self.world.laws.check()

    @rule()
    def restart_server(self) -> None:
        self.world.restart_server()

    @rule(load=st.sampled_from((0.0, 0.9)))
    def crowd(self, load: float) -> None:
        self.world.server.load = load
        self.world.replicate()

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            if sys.exc_info()[0] is None:
                note("calm")
                calm(self.world)
        finally:
            self.world.end()


def machine(
    worlds: SearchStrategy[Setup], known: frozenset[str] = frozenset(), only: str = ""
) -> type[RuleBasedStateMachine]:
    """The state machine over these worlds; `known` and `only` as in `Laws`."""

    class Machine(Replicas):
        @initialize(setup=worlds)
        def build(self, setup: Setup) -> None:
            self.world = World(setup, known, only)

    return Machine
