"""Values of ConfigMaps and Secrets, and who may read them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from lockmaster.clock import Deadline, SystemClock
from lockmaster.errors import AccessDeniedError, StepFailedError, UnreachableError
from lockmaster.kube import config
from lockmaster.stop import Stop
from tests.kube.test_access import rules_of

if TYPE_CHECKING:
    from typing import Literal

    from lockmaster.kube.api import Api
    from tests.kube.cluster import Cluster


def read(
    api: Api, which: Literal["configmap", "secret"], name: str, key: str, *, seconds: float = 5.0, namespace: str = ""
) -> bytes:
    clock = SystemClock(Stop())
    return config.read(api, which, name, key, namespace=namespace, clock=clock, deadline=Deadline(clock, seconds))


def test_values(cluster: Cluster) -> None:
    cluster.make("configmap", "app", data={"a.yaml": "größe: 1\n"}, binaryData={"b.bin": "AAEC/w=="})
    cluster.make("secret", "db", stringData={"url": "postgres://u:p@h/d"}, data={"raw": "/wA="})
    api = cluster.client()
    assert read(api, "configmap", "app", "a.yaml") == "größe: 1\n".encode()
    assert read(api, "configmap", "app", "b.bin", namespace=cluster.namespace) == b"\x00\x01\x02\xff"
    assert read(api, "secret", "db", "url") == b"postgres://u:p@h/d"
    assert read(api, "secret", "db", "raw") == b"\xff\x00"


def test_missing_object_and_missing_key(cluster: Cluster) -> None:
    cluster.make("secret", "db", stringData={"url": "hunter2", "user": "x"})
    api = cluster.client()
    with pytest.raises(StepFailedError, match=f"there is no ConfigMap {cluster.namespace}/app"):
        read(api, "configmap", "app", "x")
    with pytest.raises(StepFailedError, match=f"Secret {cluster.namespace}/db has no key 'URL'") as missing:
        read(api, "secret", "db", "URL")
    assert missing.value.hint == "it has url, user"
    assert "hunter2" not in f"{missing.value!r} {missing.value.details}"


def test_refused_then_the_hint_is_enough(cluster: Cluster) -> None:
    cluster.make("secret", "db", stringData={"url": "hunter2"})
    pod = cluster.waiter()
    with pytest.raises(AccessDeniedError) as denied:
        read(pod, "secret", "db", "url", seconds=1)
    rule = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["db"], "verbs": ["get"]}
    assert rules_of(denied.value.hint) == [rule]
    cluster.api.grant(cluster.namespace, [rule])
    assert read(pod, "secret", "db", "url") == b"hunter2"


def test_api_server_that_comes_back(own: Cluster) -> None:
    own.make("configmap", "app", data={"a": "1"})
    api = own.client()
    own.api.stop()
    with pytest.raises(UnreachableError, match="cannot be asked: connection refused"):
        read(api, "configmap", "app", "a", seconds=1)

    later = threading.Timer(1.0, own.api.start)
    later.start()
    began = time.monotonic()
    assert read(api, "configmap", "app", "a", seconds=60) == b"1"
    assert time.monotonic() - began > 1
    later.join()
