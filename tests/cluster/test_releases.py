"""Releases that go wrong: the application that serves goes on serving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster.namespace import ended, init_status
from tests.cluster.objects import shop

if TYPE_CHECKING:
    from tests.cluster.namespace import Json, Namespace


def test_a_bad_migration_leaves_the_old_pods_serving(database: Namespace) -> None:
    """The new pod never starts, and `kubectl describe` says why: the migration, the error, and what is in the database."""
    database.roll_out(shop("1"), "shop")
    serving = {pod["metadata"]["name"] for pod in database.pods(app="shop")}
    database.apply(shop("bad"))
    bad = database.until("the pod that fails", lambda: _failing(database, serving))
    assert ended(init_status(bad))["exitCode"] == 12
    described = database.kubectl("describe", "pod", bad["metadata"]["name"])
    assert 'relation "no_such_table" does not exist' in described
    assert "0002_half" in described
    assert database.proxied("shop:3000", "/version") == "1\n"
    assert serving <= {pod["metadata"]["name"] for pod in database.pods(app="shop") if _ready(pod)}
    assert database.sql("SELECT to_regclass('half') IS NULL") == ["t"]


def test_an_undone_roll_out_starts_on_the_newer_schema(database: Namespace) -> None:
    """The older image knows nothing of the migration that the newer one made: it says so, and starts."""
    database.roll_out(shop("1"), "shop")
    database.roll_out(shop("2"), "shop")
    assert database.sql("SELECT to_regclass('orders') IS NULL") == ["f"]
    database.kubectl("rollout", "undo", "deployment/shop")
    database.rolled_out("shop")
    assert database.proxied("shop:3000", "/version") == "1\n"
    for pod in database.pods(app="shop"):
        assert init_status(pod)["restartCount"] == 0
        assert "0002_orders" in database.logs(pod["metadata"]["name"], "migrate")
    assert database.sql("SELECT to_regclass('orders') IS NULL") == ["f"]


def _failing(namespace: Namespace, old: set[str]) -> Json | None:
    new = [pod for pod in namespace.pods(app="shop") if pod["metadata"]["name"] not in old]
    return next((pod for pod in new if ended(init_status(pod))), None)


def _ready(pod: Json) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))
