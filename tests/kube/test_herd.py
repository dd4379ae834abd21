"""A hundred waiters for one Job: what they ask of the API server, by its own count."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from lockmaster.kube.objects import Observer
from lockmaster.kube.target import aim
from tests.kube.cluster import state
from tests.kube.test_access import JOBS
from tests.support.cli import until

if TYPE_CHECKING:
    from tests.kube.cluster import Cluster

COUNT = 100


def counted(cluster: Cluster, metric: str, verb: str) -> int:
    """What the API server says it was asked about Jobs."""
    lines = str(cluster.api.get("/metrics")["message"]).splitlines()
    found = [line for line in lines if line.startswith(f"{metric}{{") and f'verb="{verb}"' in line]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in found if re.search(r'resource="jobs"', line))


@pytest.mark.herd
def test_each_asks_once_and_then_only_listens(cluster: Cluster) -> None:
    cluster.make_job()
    apis = [cluster.waiter(JOBS | {"verbs": ["get", "watch"]}) for _ in range(4)]
    before = counted(cluster, "apiserver_request_total", "GET")
    herd = [Observer(apis[number % 4], aim("kube://job/migrate")) for number in range(COUNT)]
    for one in herd:
        state(one, "running: 1 active")
    until(lambda: counted(cluster, "apiserver_longrunning_requests", "WATCH") >= COUNT, "they do not all watch")
    cluster.end_job()
    for one in herd:
        assert state(one, "complete").ready
    asked = counted(cluster, "apiserver_request_total", "GET") - before
    assert asked == COUNT, "one look each, and the watch told the rest"
