"""A Job that is not there: never made, removed by its TTL, or taken away; `sight.py` says which is which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import StepFailedError
from tests.kube.cluster import state
from tests.kube.test_access import JOBS

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.kube.objects import Observer
    from tests.kube.cluster import Cluster


def test_never_seen_and_absent_waits_and_says_so(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    seen = state(observe("job/migrate"), "no such Job")
    assert not seen.ready
    assert "one that its TTL removed looks the same: ?gone=complete" in seen.state


def test_never_seen_and_absent_with_gone_complete(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    assert state(observe("job/migrate?gone=complete"), "not there: taken as complete").ready


def test_gone_complete_still_waits_for_a_job_that_is_there(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    cluster.make_job()
    seen = observe("job/migrate?gone=complete")
    state(seen, "running")
    cluster.end_job()
    assert state(seen, "complete").ready


def test_removed_by_its_ttl_right_after_completing(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    """The watch shows it complete before it is gone."""
    cluster.make_job()
    seen = observe("job/migrate")
    state(seen, "running")
    cluster.end_job()
    cluster.delete("job", "migrate")
    assert state(seen, "complete").ready


@pytest.mark.parametrize("target", ["job/migrate", "job/migrate?gone=complete"])
def test_deleted_before_it_was_complete(cluster: Cluster, observe: Callable[..., Observer], target: str) -> None:
    """Somebody took it away, or Helm makes a new one: the new one counts."""
    cluster.make_job()
    seen = observe(target)
    state(seen, "running")
    cluster.delete("job", "migrate")
    assert not state(seen, "deleted before it was complete").ready
    cluster.make_job()
    state(seen, "running")
    cluster.end_job()
    assert state(seen, "complete").ready


def test_failed_and_deleted(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    cluster.make_job()
    seen = observe("job/migrate?gone=complete")
    state(seen, "running")
    cluster.end_job(well=False)
    cluster.delete("job", "migrate")
    with pytest.raises(StepFailedError, match="BackoffLimitExceeded"):
        state(seen, "never")


def test_without_the_right_to_watch_nobody_saw_it(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    cluster.make_job()
    pod = cluster.waiter(JOBS | {"verbs": ["get"]})
    waits, takes = observe("job/migrate", pod), observe("job/migrate?gone=complete", pod)
    state(waits, "running")
    state(takes, "running")
    cluster.delete("job", "migrate")
    assert not state(waits, "gone, and nobody saw whether it was complete").ready
    assert state(takes, "not there: taken as complete").ready
