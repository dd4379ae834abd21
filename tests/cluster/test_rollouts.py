"""Roll-outs that go well."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.cluster.images import SHOP
from tests.cluster.namespace import init_status, ready
from tests.cluster.objects import migrate, shop, sleeper

if TYPE_CHECKING:
    from tests.cluster.namespace import Namespace
    from tests.cluster.results import Results

pytestmark = pytest.mark.slow


def test_three_replicas_at_first_roll_out(database: Namespace, results: Results) -> None:
    seconds = database.roll_out(sleeper("herd", [migrate(f"{SHOP}2")], replicas=3), "herd")
    results.note("3 replicas at first roll-out, two migrations", f"{seconds:.0f} s")
    assert sorted(ready(database, pod)["applied"] for pod in database.pods(app="herd")) == [0, 0, 2]


def test_rolling_update_with_one_more(database: Namespace) -> None:
    """Never fewer than three serve, never more than four are there; the first new pod migrates, and only that one."""
    database.roll_out(shop("1", replicas=3), "shop")
    seen: list[tuple[int, int]] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.3):
            status = database.json("get", "deployment", "shop")["status"]
            seen.append((status.get("readyReplicas", 0), status["replicas"]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        database.roll_out(shop("2", replicas=3), "shop")
    finally:
        over.set()
        watcher.join()
    assert min(serving for serving, _ in seen) == 3
    assert max(there for _, there in seen) == 4
    pods = database.pods(app="shop")
    assert sorted(ready(database, pod)["applied"] for pod in pods) == [0, 0, 1]
    assert [init_status(pod)["restartCount"] for pod in pods] == [0] * 3
