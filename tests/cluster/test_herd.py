"""What Lockmaster is for, on a real cluster: many pods at once, and a holder that is killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster.images import SHOP
from tests.cluster.namespace import ended, init_status, ready
from tests.cluster.objects import migrate, sleeper

if TYPE_CHECKING:
    from tests.cluster.namespace import Namespace
    from tests.cluster.results import Results


def test_twenty_pods_at_once_migrate_once(database: Namespace, results: Results) -> None:
    """No pod fails, and each migration was made by one of them: their own logs say so."""
    seconds = database.roll_out(sleeper("herd", [migrate(f"{SHOP}2")], replicas=20), "herd")
    results.note("20 replicas at first roll-out, two migrations", f"{seconds:.0f} s")
    pods = database.pods(app="herd")
    assert len(pods) == 20
    assert [init_status(pod)["restartCount"] for pod in pods] == [0] * 20
    applied = [ready(database, pod)["applied"] for pod in pods]
    assert sorted(applied) == [0] * 19 + [2]


def test_the_pod_that_migrates_is_killed(database: Namespace) -> None:
    """Another takes over, and what was half-done is done once: the first attempt left nothing but the count of it."""
    database.apply(sleeper("herd", [migrate(f"{SHOP}hangs-once")], replicas=3))
    holder = "SELECT application_name FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    name = database.until("a pod that migrates", lambda: database.sql(holder))[0].removeprefix("lockmaster/")
    (victim,) = [pod for pod in database.pods(app="herd") if pod["metadata"]["name"].endswith(name)]
    database.kubectl("delete", "pod", victim["metadata"]["name"], "--force", "--grace-period=0")
    database.rolled_out("herd")
    assert database.sql("SELECT last_value FROM attempts") == ["2"]
    assert database.sql("SELECT count(*) FROM orders") == ["0"]
    pods = database.pods(app="herd")
    assert victim["metadata"]["uid"] not in [pod["metadata"]["uid"] for pod in pods]
    assert [ended(init_status(pod))["exitCode"] for pod in pods] == [0] * 3
