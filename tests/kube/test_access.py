"""What a service account may do: refused with the very rule that is missing, granted while it waits, no more than needed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from lockmaster.errors import AccessDeniedError
from tests.kube.cluster import state

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.kube.objects import Observer
    from tests.kube.cluster import Cluster

JOBS = {"apiGroups": ["batch"], "resources": ["jobs"], "resourceNames": ["migrate"]}


def rules_of(hint: str) -> list[dict[str, Any]]:
    """Read the hint's rules as YAML, as somebody does who copies them."""
    rules: list[dict[str, Any]] = YAML(typ="safe").load(hint[hint.index("- apiGroups") :])
    return rules


def refused(seen: Observer) -> AccessDeniedError:
    with pytest.raises(AccessDeniedError) as denied:
        state(seen, "never")
    return denied.value


def test_refused_names_the_rule_and_the_rule_is_enough(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    cluster.make_job()
    pod = cluster.waiter()
    began = time.monotonic()
    error = refused(observe("job/migrate", pod))
    assert error.message == f"service account waiter may not get jobs.batch migrate in namespace {cluster.namespace}"
    assert f"system:serviceaccount:{cluster.namespace}:waiter" in error.hint
    assert rules_of(error.hint) == [JOBS | {"verbs": ["get", "watch"]}]
    assert time.monotonic() - began >= 10, "an installation has some seconds to make its Role"
    cluster.api.grant(cluster.namespace, rules_of(error.hint))
    seen = observe("job/migrate", pod)
    state(seen, "running")
    cluster.end_job()
    assert state(seen, "complete").ready


def test_granted_while_it_waits(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    cluster.make_job()
    seen = observe("job/migrate", cluster.waiter())
    state(seen, "service account waiter may not get jobs.batch")
    cluster.api.grant(cluster.namespace, [JOBS | {"verbs": ["get", "watch"]}])
    state(seen, "running: 1 active")


def test_service_refused_names_its_endpoint_slices(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    pod = cluster.waiter()
    error = refused(observe("service/web", pod))
    rule = {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]}
    assert rules_of(error.hint) == [rule]
    cluster.api.grant(cluster.namespace, rules_of(error.hint))
    state(observe("service/web", pod), "no EndpointSlice")


def test_get_alone_will_do(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    """Without `watch` it is asked again and again."""
    cluster.make_job()
    seen = observe("job/migrate", cluster.waiter(JOBS | {"verbs": ["get"]}))
    state(seen, "running: 1 active")
    cluster.end_job()
    assert state(seen, "complete").ready


def test_cluster_wide_object_asks_for_a_cluster_role(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    error = refused(observe("node/one?condition=Ready", cluster.waiter()))
    assert error.message == "service account waiter may not get nodes one"
    assert "to a ClusterRole with" in error.hint


def test_nobody(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    error = refused(observe("job/migrate", cluster.pod("no.such.token")))
    assert error.message == "the Kubernetes API server does not know who we are"


def test_token_rotated_while_it_waits(cluster: Cluster, observe: Callable[..., Observer]) -> None:
    """The kubelet writes a new token into the file; the old one is void."""
    cluster.make_job()
    cluster.make("secret", "bound")
    rule = JOBS | {"verbs": ["get"]}  # so that it asks again and again
    cluster.api.grant(cluster.namespace, [rule])
    token = cluster.api.waiter_token(cluster.namespace, secret="bound")
    seen = observe("job/migrate", cluster.pod(token))
    state(seen, "running: 1 active")
    cluster.delete("secret", "bound")
    path = cluster.path("job", "migrate")
    while cluster.api.request("GET", path, token=token)[0] != 401:  # the server's memory is ten seconds long
        time.sleep(0.2)
    cluster.api.mount(cluster.folder / "account", cluster.namespace, cluster.api.waiter_token(cluster.namespace))
    cluster.end_job()
    assert state(seen, "complete").ready
