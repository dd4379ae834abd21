"""The Lease as a turn: real processes, a real API server; killed, paused, cut off."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockmaster.clock import SystemClock
from lockmaster.errors import AccessDeniedError, StoppedError
from lockmaster.kube.lease import Lease, identity
from lockmaster.kube.lease_record import Timing
from lockmaster.stop import Stop
from tests.kube.test_access import rules_of
from tests.support.cli import Run, until
from tests.support.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.kube.api import Api
    from tests.kube.cluster import Cluster

PROGRAM = str(Path(__file__).with_name("holder.py"))
QUICK = Timing(duration=4.0, deadline=2.5, period=0.5)


class Holders:
    """Processes that want the same lease."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.runs = cluster, dict[str, Run]()

    def start(self, *names: str, port: int = 0, more: tuple[str, ...] = ()) -> None:
        path = self.cluster.folder / f"holder-{port}"
        config = self.cluster.api.kubeconfig(path, self.cluster.namespace, self.cluster.api.token, port)
        for name in names:
            argv = [sys.executable, PROGRAM, str(config), "turn", name, *more]
            self.runs[name] = Run(argv, dict(os.environ))

    def at(self, name: str, word: str) -> list[float]:
        """When it said that."""
        lines = [line.split(" ", 2) for line in self.runs[name].stdout.splitlines()]
        return [float(line[0]) for line in lines if line[1] == word]

    def holding(self) -> list[str]:
        return [
            name
            for name in self.runs
            if len(self.at(name, "taken")) > len(self.at(name, "lost")) and self.runs[name].running
        ]

    def one(self, *, but: str = "") -> str:
        """Wait until one holds it."""
        until(lambda: [name for name in self.holding() if name != but], "nobody took it")
        names = [name for name in self.holding() if name != but]
        assert len(names) == 1
        return names[0]


@pytest.fixture
def holders(cluster: Cluster) -> Iterator[Holders]:
    made = Holders(cluster)
    yield made
    for run in made.runs.values():
        run.send(signal.SIGCONT)
        run.close()


def lease(api: Api, holder: str, timing: Timing = QUICK) -> Lease:
    return Lease(api, "turn", holder, SystemClock(Stop()), timing=timing)


def test_one_of_three_and_the_next_one_after_kill_9(holders: Holders) -> None:
    """The others wait until they saw no renewal for the length of the lease: not less, and not much more."""
    holders.start("a", "b", "c")
    first = holders.one()
    time.sleep(2 * QUICK.duration)
    assert holders.holding() == [first], "it is renewed for as long as it is held"
    holders.runs[first].kill9()
    killed = time.monotonic()
    second = holders.one(but=first)
    waited = holders.at(second, "taken")[0] - killed
    assert waited >= QUICK.duration - QUICK.period - 0.5
    assert [name for name in "abc" if holders.at(name, "taken")] == sorted([first, second])
    spec = holders.cluster.api.get(holders.cluster.path("lease", "turn"))["spec"]
    assert (spec["holderIdentity"], spec["leaseTransitions"]) == (second, 1)


def test_paused_for_longer_than_the_lease_notices_its_loss(holders: Holders) -> None:
    holders.start("a")
    holders.one()
    holders.start("b")
    holders.runs["a"].send(signal.SIGSTOP)
    assert holders.one(but="a") == "b"
    assert holders.at("a", "lost") == [], "who is stopped cannot know: a lease does not fence"
    holders.runs["a"].send(signal.SIGCONT)
    holders.runs["a"].wait_for("lost")
    holders.runs["a"].wait()
    time.sleep(QUICK.duration)
    assert holders.holding() == ["b"], "the one that woke up took nothing back"
    assert holders.cluster.api.get(holders.cluster.path("lease", "turn"))["spec"]["holderIdentity"] == "b"


def test_paused_and_nobody_took_it(holders: Holders) -> None:
    """It was ours all the time, but we cannot have known: it is lost all the same."""
    holders.start("a")
    holders.one()
    holders.runs["a"].send(signal.SIGSTOP)
    time.sleep(QUICK.deadline + 1)
    holders.runs["a"].send(signal.SIGCONT)
    holders.runs["a"].wait_for("lost the lease turn could not be renewed for 2.5 s")


def test_released_is_free_at_once(holders: Holders) -> None:
    """The lease of this holder is two minutes long: nobody waits for that."""
    holders.start("a", more=("release",))
    holders.runs["a"].wait_for("taken")
    holders.start("b")
    holders.runs["b"].wait_for("taken", 60.0)
    assert holders.at("a", "released")


def test_cut_off_gives_up_before_another_one_may_take_it(holders: Holders) -> None:
    """The holder cannot reach the API server, the others can: no instant at which two of them think it is theirs."""
    server = holders.cluster.api
    with Proxy(server.host, server.port) as proxy:
        holders.start("a", port=proxy.port)
        holders.one()
        holders.start("b")
        holders.runs["b"].wait_for("trying")
        proxy.freeze()
        holders.runs["b"].wait_for("taken")
        holders.runs["a"].wait_for("lost the lease turn could not be renewed")
        assert holders.at("a", "lost")[0] < holders.at("b", "taken")[0]


def test_sigterm_gives_it_back(holders: Holders) -> None:
    holders.start("a")
    holders.one()
    holders.runs["a"].terminate()
    holders.runs["a"].wait_for("ended")
    assert holders.cluster.api.get(holders.cluster.path("lease", "turn"))["spec"].get("holderIdentity", "") == ""
    assert holders.at("a", "lost") == []


def test_twenty_at_once(cluster: Cluster) -> None:
    """Made, taken and given back by twenty that started together: never two at once."""
    api, inside, most = cluster.client(), [], 0
    done: list[bool] = []

    def work(number: int) -> None:
        nonlocal most
        mine = lease(api, f"h{number}", Timing(4.0, 2.5, 0.05))
        if mine.take(60.0):
            inside.append(number)
            most = max(most, len(inside))
            time.sleep(0.02)
            inside.remove(number)
            done.append(not mine.lost.is_set())
            mine.release()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, done) == (1, [True] * 20)


def test_taken_by_hand_is_a_loss(cluster: Cluster) -> None:
    mine = lease(cluster.client(), "a")
    assert mine.take(10.0)
    cluster.api.patch(cluster.path("lease", "turn"), {"spec": {"holderIdentity": "somebody"}})
    assert mine.lost.wait(20.0)
    assert mine.why.startswith("somebody since ")
    mine.release()
    assert cluster.api.get(cluster.path("lease", "turn"))["spec"]["holderIdentity"] == "somebody"


def test_deleted_by_hand_is_a_loss(cluster: Cluster) -> None:
    mine = lease(cluster.client(), "a")
    assert mine.take(10.0)
    cluster.delete("lease", "turn")
    assert mine.lost.wait(20.0)
    assert mine.why == "nobody holds the lease turn"
    mine.release()


def test_not_in_time_says_who_has_it(cluster: Cluster) -> None:
    first, second = lease(cluster.client(), "web-1"), lease(cluster.client(), "web-2")
    assert first.take(10.0)
    assert not second.take(1.0)
    assert second.state.startswith("held by web-1 since 2")
    first.release()
    assert second.take(10.0)
    second.release()


def test_the_rules_of_the_hint_are_enough(cluster: Cluster) -> None:
    pod = cluster.waiter()
    with pytest.raises(AccessDeniedError, match=r"may not get leases\.coordination\.k8s\.io turn") as denied:
        lease(pod, "a").take(1.0)
    cluster.api.grant(cluster.namespace, rules_of(denied.value.hint))
    mine = lease(pod, "a")
    assert mine.take(10.0)
    time.sleep(2 * QUICK.deadline)
    assert not mine.lost.is_set()
    mine.release()


def test_stopped_while_it_waits(cluster: Cluster) -> None:
    first, stop = lease(cluster.client(), "a"), Stop()
    assert first.take(10.0)
    second = Lease(cluster.client(), "turn", "b", SystemClock(stop), timing=QUICK)
    threading.Timer(1.0, stop.request, ("SIGTERM",)).start()
    with pytest.raises(StoppedError):
        second.take(60.0)
    first.release()


def test_two_processes_of_one_pod_are_two() -> None:
    environ = {"POD_NAME": "web-7d9f-x2x", "POD_UID": "0e6e"}
    one, two = identity(environ), identity(environ)
    assert one != two
    assert one.startswith("web-7d9f-x2x_0e6e_")
