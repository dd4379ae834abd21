"""How a schedule ends: nothing happens any more, and then everybody has to become ready within a bound.

Pods that ended are started again, as Kubernetes does; broken scripts are repaired by a new image; what needs a person
(interrupted in a CALL, or in a statement that was edited since) gets one. Afterwards each migration is in effect once,
nothing is left half-made, and one more pod finds nothing to do.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from lockmaster.engine.journal import decode
from lockmaster.engine.results import MigrateResult
from lockmaster.errors import MigrationHalfDoneError
from tests.simulation.folder import script_of
from tests.simulation.store import Row
from tests.simulation.world import PATIENCE

if TYPE_CHECKING:
    from tests.simulation.folder import Spec
    from tests.simulation.pods import Pod
    from tests.simulation.world import World

_STARTS = 30  # per pod, before we call it a loop


def calm(world: World) -> None:
    """Let everybody become ready and look at what there is. Raises LawError."""
    for backend in world.orphans:
        backend.end()
    if _everybody_ready(world):
        for spec in world.newest:
            _complete(world, spec)
        _one_more(world)
    world.laws.check()


def _everybody_ready(world: World) -> bool:
    bursts = Random(0)  # noqa: S311 - no two in lockstep for ever, and the same each time
    for _ in range(PATIENCE // 10):
        waiting = [pod for pod in world.pods if not isinstance(pod.outcome, MigrateResult)]
        if not waiting:
            return True
        for pod in waiting:
            if pod.running:
                world.go(pod, bursts.randint(1, 15))
            else:
                _mend(world, pod)
            world.replicate()
        if world.started > _STARTS * len(world.pods):
            break
    stand = [(pod.name, pod.at, pod.calls[-8:], pod.outcome) for pod in world.pods]
    world.laws.complain("live", f"not everybody becomes ready: {stand}")
    return False


def _mend(world: World, pod: Pod) -> None:
    """What Kubernetes and people do about a pod that ended: first the script, then what a person was asked for.

    The script comes first because `resolve --applied` records the file that the person has: repaired after it, the file
    is one that was edited after it was applied, and the engine is right to refuse what is pending.
    """
    if isinstance(pod.outcome, MigrationHalfDoneError) and world.server.lock.holder() is not None:
        return  # `resolve` takes the turn, so whoever says it waits
    if pod.outcome is not None:
        world.repaired = True
    if isinstance(pod.outcome, MigrationHalfDoneError) and "resolve --applied" in pod.outcome.hint:
        for spec in world.setup.specs:
            if spec.label == pod.outcome.details["migration"]:
                _person(world, spec)
    world.restart(pod)


def _person(world: World, spec: Spec) -> None:
    """Finish by hand what was interrupted in a statement that nobody can judge, and say so: `resolve --applied`."""
    store = world.server.store
    for row in store.rows_of(spec.number):
        journal, calls = decode(row.journal), any(piece.kind == "call" for piece in spec.pieces)
        if journal is None or not (journal.intent or calls):
            continue  # it failed at a piece: the journal is clear, and a repaired script goes on there
        for index in (index for effect in spec.effects for index in store.indexes_of(effect)):
            if not index.valid:
                store.drop(index)
        store.effects.update({effect: 1 - store.effects[effect] for effect in spec.effects})
        word = Row(row.id, row.label, script_of(spec, world.repaired).decode(), "applied")
        store.rows = tuple(word if one is row else one for one in store.rows)


def _complete(world: World, spec: Spec) -> None:
    store = world.server.store
    counts = [store.effects[effect] for effect in spec.effects]
    states = [row.state for row in store.rows_of(spec.number)]
    if states != ["applied"] or counts != [1] * len(counts):
        world.laws.complain("once", f"in the end {spec.label} is {states}, its effects are {counts}")
    if any(not index.valid for effect in spec.effects for index in store.indexes_of(effect)):
        world.laws.complain("nothing half-made", f"in the end {spec.label} has left an INVALID index")


def _one_more(world: World) -> None:
    """Law 4: a pod that has nothing to do opens, reads and leaves."""
    world.replicate()
    pod = world.start("migrate", len(world.newest))
    world.pods.append(pod)
    world.finish(pod)
    if pod.calls != ["open", "read"]:
        world.laws.complain("current costs nothing", f"it calls {pod.calls}")
