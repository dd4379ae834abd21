"""What an init container with nothing to do adds to the start of a pod. Measured and printed; nothing is asserted of times.

The kubelet's own times have whole seconds, so these are containerd's: from the event that a container's process has
started to the event that it has ended.
"""

from __future__ import annotations

import json
import os
import re
import signal
import statistics
import time
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.images import APPLICATIONS, SHOP
from tests.cluster.namespace import ready
from tests.cluster.objects import URL, container, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.namespace import Json, Namespace
    from tests.cluster.results import Results
    from tests.support.cluster import OwnCluster

pytestmark = pytest.mark.slow
ROUNDS = 5
OTHER = [{"name": "DATABASE_URL", "value": URL.replace("mydb", "prisma")}]
"""A database of its own: Prisma refuses one that holds somebody else's tables."""
_EVENT = re.compile(r"^(\S+ \S+?)(\d{0,3}) \+0000 UTC k8s\.io (/tasks/(?:start|exit)) (\{.*\})$")


def _inits(cpu: str) -> dict[str, Json]:
    limits = {"resources": {"requests": {"cpu": "10m"}, "limits": {"cpu": cpu}}}
    prisma = ["/bin/sh", "-c", "npx prisma migrate deploy --schema=./prisma/schema.prisma"]
    return {
        "true": container("true", f"{SHOP}2", "true", **limits),
        "lockmaster migrate": migrate(f"{SHOP}2", **limits),
        "npx prisma migrate deploy": container("prisma", APPLICATIONS[1], *prisma, env=OTHER, **limits),
    }


@pytest.mark.parametrize(("cpu", "rounds"), [("500m", ROUNDS), ("100m", 2)])
def test_nothing_pending(
    database: Namespace, own: OwnCluster, results: Results, tmp_path: Path, cpu: str, rounds: int
) -> None:
    """Lockmaster beside `true` and beside Prisma, each in pods of its own, in turn."""
    inits = _inits(cpu)
    database.sql("CREATE DATABASE prisma")
    for name in ("lockmaster migrate", "npx prisma migrate deploy"):  # now there is something to do
        _run(database, inits[name], "first")
    milliseconds: dict[str, list[float]] = {name: [] for name in inits}
    with _events(own, tmp_path / "events") as taken:
        for number in range(rounds):
            for name, init in inits.items():
                pod = _run(database, init, f"round-{number}")
                if name == "lockmaster migrate":
                    assert ready(database, pod)["applied"] == 0
                identity = pod["status"]["initContainerStatuses"][0]["containerID"].partition("://")[2]
                milliseconds[name].append(database.until("its events", lambda: taken(identity)))  # noqa: B023
    for name, values in milliseconds.items():
        value = f"{statistics.median(values):.0f} ms (of {rounds}: {min(values):.0f} to {max(values):.0f})"
        results.note(f"init container with nothing to do, {cpu}: `{name}`", value)


def _run(namespace: Namespace, init: Json, suffix: str) -> Json:
    """Run a pod with this init container to its end."""
    name = f"{init['name']}-{suffix}"
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "initContainers": [init],
        "containers": [container("app", f"{SHOP}1", "true")],
    }
    namespace.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
    namespace.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{name}", "--timeout=110s")
    pod: Json = namespace.json("get", "pod", name)
    return pod


@contextmanager
def _events(cluster: OwnCluster, path: Path) -> Iterator[Any]:
    """Collect containerd's events; gives a question: how many milliseconds did a container run?"""
    writing = cluster.events_into(path)
    time.sleep(1)

    def taken(container_id: str) -> float:
        at: dict[str, datetime] = {}
        for line in path.read_text().splitlines():
            event = _EVENT.match(line)
            if event and json.loads(event[4])["container_id"] == container_id:
                at[event[3]] = datetime.fromisoformat(event[1])
        return (at["/tasks/exit"] - at["/tasks/start"]).total_seconds() * 1000 if len(at) == 2 else 0.0

    try:
        yield taken
    finally:
        os.killpg(writing.pid, signal.SIGKILL)
        writing.wait(10)
