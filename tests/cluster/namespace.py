"""A namespace of a cluster, for one test: manifests in, and what became of them out."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.cluster.images import SOCKETS
from tests.support.cluster import Cluster, KubectlError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Json = dict[str, Any]
ROLL_OUT_LIMIT = 240.0
LIMIT = 120.0


class Namespace(NamedTuple):
    """What a test has in its hands."""

    cluster: Cluster
    name: str

    def kubectl(self, *args: str, stdin: str | None = None, limit: float = LIMIT) -> str:
        return self.cluster.kubectl("-n", self.name, *args, stdin=stdin, limit=limit)

    # -- in --

    def apply(self, manifest: str | Path | Json | list[Json]) -> None:
        """Apply the text of a manifest as it stands, a file of it, or objects."""
        if isinstance(manifest, list):
            manifest = {"apiVersion": "v1", "kind": "List", "items": manifest}
        if isinstance(manifest, dict):
            text = json.dumps(manifest)
        else:
            text = manifest if isinstance(manifest, str) else manifest.read_text()
        self.kubectl("apply", "-f", "-", stdin=text)

    def roll_out(self, manifest: str | Path | Json | list[Json], name: str, limit: float = ROLL_OUT_LIMIT) -> float:
        """Apply a manifest, and see its Deployment rolled out; how long that took."""
        began = time.monotonic()
        self.apply(manifest)
        self.rolled_out(name, limit)
        return time.monotonic() - began

    # -- out --

    def rolled_out(self, name: str, limit: float = ROLL_OUT_LIMIT) -> None:
        """See a Deployment rolled out; else fail with what its pods have to say."""
        status = ["rollout", "status", f"deployment/{name}", f"--timeout={limit:g}s"]
        done = self.cluster.ask("-n", self.name, *status, limit=limit + 60)
        if done.returncode:
            raise KubectlError(f"{name}: {done.stderr or done.stdout}\n{self.everything()}")

    def json(self, *args: str) -> Any:
        return self.cluster.json("-n", self.name, *args)

    def pods(self, **labels: str) -> list[Json]:
        """Give the pods with these labels that are not on their way out, the oldest first."""
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        found: list[Json] = self.json("get", "pods", f"--selector={selector}")["items"]
        found.sort(key=lambda pod: pod["metadata"]["creationTimestamp"])
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def logs(self, pod: str, container: str, *options: str) -> str:
        return self.kubectl("logs", pod, f"--container={container}", *options)

    def sql(self, query: str, service: str = "postgres") -> list[str]:
        """Ask the database of this namespace, as its superuser, from within its pod; a line for each row."""
        psql = [
            "env",
            "LD_LIBRARY_PATH=/postgres/lib",
            "/postgres/bin/psql",
            "-h",
            SOCKETS,
            "-U",
            "admin",
            "-d",
            "mydb",
        ]
        said = self.kubectl("exec", f"deployment/{service}", "--", *psql, "-AtXq", "-v", "ON_ERROR_STOP=1", "-c", query)
        return said.splitlines()

    def proxied(self, service: str, path: str) -> str:
        """What a Service answers, asked by way of the API server."""
        return self.cluster.kubectl("get", "--raw", f"/api/v1/namespaces/{self.name}/services/{service}/proxy{path}")

    def until(self, what: str, question: Callable[[], Any], limit: float = LIMIT) -> Any:
        """Ask until the answer is true, and give it."""
        end = time.monotonic() + limit
        while not (answer := question()):
            if time.monotonic() > end:
                raise AssertionError(f"not within {limit:g} s: {what}\n{self.everything()}")
            time.sleep(0.5)
        return answer

    def everything(self) -> str:
        """What a person would look at when something is wrong."""
        parts = [
            ["get", "pods,deployments,jobs", "-o", "wide"],
            ["get", "events", "--sort-by=.lastTimestamp"],
            ["describe", "pods"],
            ["logs", "--selector=app", "--all-containers", "--prefix", "--tail=20", "--max-log-requests=50"],
        ]
        return "\n".join(self.cluster.ask("-n", self.name, *part).stdout[-6000:] for part in parts)


def init_status(pod: Json, number: int = 0) -> Json:
    """The status of a pod's init container."""
    statuses: list[Json] = pod["status"].get("initContainerStatuses", [{}])
    return statuses[number]


def ended(status: Json) -> Json:
    """How a container ended, now or the time before; empty if it has not."""
    for state in ("state", "lastState"):
        if "terminated" in status.get(state, {}):
            terminated: Json = status[state]["terminated"]
            return terminated
    return {}


def ready(namespace: Namespace, pod: Json, container: str = "migrate") -> Json:
    """The line in which Lockmaster says that the pod may start: `applied` is how many migrations it made itself."""
    lines = [json.loads(line) for line in namespace.logs(pod["metadata"]["name"], container).splitlines()]
    (found,) = [line for line in lines if line["event"] == "ready"]
    return dict(found)
