"""Schedules that showed something, the shortest that do: each was a bug of the engine once, or might have been."""

from collections.abc import Callable, Iterator

import pytest

from lockmaster.engine.results import MigrateResult
from lockmaster.errors import MigrationHalfDoneError
from tests.simulation.calm import calm
from tests.simulation.folder import Kind, Piece, Spec, script_of
from tests.simulation.world import Setup, World

PLAIN, INDEX, DISCARD = Piece("plain"), Piece("index"), Piece("discard")
BROKEN = Piece("plain", "broken")
Build = Callable[..., World]


@pytest.fixture
def build() -> Iterator[Build]:
    """Give worlds of two pods that want everything: build("session", [PLAIN], [PLAIN, INDEX])."""
    worlds = []

    def make(mode: str, *migrations: list[Piece], pods: int = 2, **fields: object) -> World:
        specs = tuple(Spec(number, tuple(pieces)) for number, pieces in enumerate(migrations, 1))
        setup = Setup(mode, specs, (("migrate", len(specs)),) * pods, created=True, **fields)  # type: ignore[arg-type]
        worlds.append(World(setup))
        return worlds[-1]

    yield make
    for world in worlds:
        world.end()


def test_killed_in_a_transaction_whose_orphan_commits(build: Build) -> None:
    world = build("session", [PLAIN])
    one, other = world.pods
    world.go_to(one, "run: working")
    world.kill(one)
    (orphan,) = world.orphans
    world.go_to(other, "sleep", times=2)
    orphan.go_on()
    orphan.end()
    world.finish(other)
    assert isinstance(other.outcome, MigrateResult)
    assert other.outcome.applied == ()
    calm(world)


def test_killed_between_two_parts_of_a_big_script(build: Build) -> None:
    world = build("session", [Piece("row"), Piece("row"), Piece("row")])
    one, other = world.pods
    world.go_to(one, "part: answered", times=2)
    assert world.server.store.effects.total() == 0
    world.kill(one)
    (orphan,) = world.orphans
    orphan.go_on()
    assert orphan.in_transaction
    orphan.end()
    assert world.server.store.effects.total() == 0
    world.finish(other)
    assert isinstance(other.outcome, MigrateResult)
    calm(world)


def test_a_script_drops_the_turn_and_another_pod_takes_it(build: Build) -> None:
    world = build("session", [Piece("drops")], [PLAIN])
    one, other = world.pods
    world.go_to(one, "run: answered")
    world.go_to(other, "run: working")
    world.go_to(one, "try_turn")
    calm(world)


def test_discard_all_gives_the_turn_to_another_pod(build: Build) -> None:
    world = build("session", [PLAIN, DISCARD, PLAIN])
    one, other = world.pods
    world.go_to(one, "run_alone: working", times=2)
    world.go_to(other, "evidence")
    world.go(one, 60)
    calm(world)


def test_a_standby_lags_behind(build: Build) -> None:
    world = build("session", [PLAIN], standby=True)
    one, other = world.pods
    world.finish(one)
    world.finish(other)


def test_gave_way_between_two_pieces(build: Build) -> None:
    world = build("session", [PLAIN, Piece("plain", "busy")], budget=0.0)
    world.finish(world.pods[0])


def test_lost_three_times_and_committed_in_the_end(build: Build) -> None:
    world = build("session", [PLAIN])
    one = world.pods[0]
    for _ in range(2):
        world.go_to(one, "run")
        world.cut(one)
        world.orphans[0].end()
    world.go_to(one, "run: answered")
    world.cut(one)
    world.finish(one)


def test_lost_three_times_in_the_middle_of_an_index(build: Build) -> None:
    world = build("session", [INDEX])
    one = world.pods[0]
    for _ in range(3):
        world.go_to(one, "run_alone: working")
        world.cut(one)
        world.go(one)
        world.orphans[0].end()
    world.finish(one)


def test_lost_while_it_goes_direct(build: Build) -> None:
    world = build("direct", [PLAIN, INDEX])
    one = world.pods[0]
    world.go_to(one, "identity")
    world.cut(one)
    world.finish(one)


def test_killed_after_a_piece_that_was_cut_out_by_the_server(build: Build) -> None:
    world = build("session", [PLAIN, Piece("call")])
    one, other = world.pods
    world.go_to(one, "evidence")
    world.kill(one)
    world.orphans[0].end()
    world.finish(other)


def test_a_piece_fails_in_a_file_while_another_pod_goes_on(build: Build) -> None:
    world = build("file", [PLAIN, Piece("plain", "flaky"), PLAIN])
    one, other = world.pods
    world.go_to(one, "run: answered", times=2)  # piece 2 has failed, and the turn has ended with it
    world.go_to(other, "try_turn", times=1)
    while len(world.server.store.effects) < 2:
        world.go(other)
    world.go_to(other, "try_turn")
    world.finish(one)
    calm(world)


@pytest.mark.parametrize(("mode", "kind"), [("file", "vacuum"), ("session", "index"), ("direct", "index")])
def test_a_file_half_applied_is_repaired_while_another_pod_stood_in_it(build: Build, mode: str, kind: Kind) -> None:
    world = build(mode, [PLAIN], [PLAIN, Piece(kind, "flaky"), BROKEN], [PLAIN])
    one, other = world.pods
    world.finish(one)
    assert isinstance(one.outcome, MigrationHalfDoneError)  # of piece 2: "repair it and run again"
    world.go_to(other, "run_alone")
    world.kill(other)  # and now the journal says that piece 2 is about to run
    calm(world)


def test_who_finishes_a_half_applied_file_records_the_repaired_one(build: Build) -> None:
    world = build("file", [PLAIN, BROKEN], [PLAIN])
    one, other = world.pods
    world.finish(one)
    assert isinstance(one.outcome, MigrationHalfDoneError)
    world.repaired = True
    repaired = world.restart(one)
    world.finish(repaired)
    assert isinstance(repaired.outcome, MigrateResult)
    (row,) = world.server.store.rows_of(1)
    assert row.checksum == script_of(world.setup.specs[0], repaired=True).decode()
    world.finish(other)  # whose image has the file as it was: nothing is pending, so it is ready all the same
    assert isinstance(other.outcome, MigrateResult)
    calm(world)


def test_a_failing_example_replays_exactly_because_of_its_seed(build: Build) -> None:
    def run(seed: int) -> str:
        world = build("session", [PLAIN, INDEX], [PLAIN], pods=3, seed=seed)
        world.go_to(world.pods[0], "run: working")
        for _ in range(20):
            for other in world.pods[1:]:
                world.go(other)
        calm(world)
        return str(world.log).partition(":\n")[2]

    first = run(1)
    assert "Ready" in first
    assert run(1) == first
    assert run(2) != first
