"""A Deployment with its ReplicaSet and pods, as the controllers would have made them; and processes in those pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.cli import Run, start_cli
from tests.support.pod import environment, in_pod

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kube.cluster import Cluster

Json = dict[str, Any]
EVENTS = {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]}
OWNERS = (
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
    {"apiGroups": ["apps"], "resources": ["replicasets"], "verbs": ["get"]},
)


def owned_by(owner: Json, version: str, kind: str) -> list[Json]:
    meta = owner["metadata"]
    return [{"apiVersion": version, "kind": kind, "name": meta["name"], "uid": meta["uid"], "controller": True}]


class Workload:
    """The Deployment `web`; pods are made by `pod`."""

    def __init__(self, cluster: Cluster, name: str = "web") -> None:
        self.cluster, self.name = cluster, name
        spec: Json = {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "initContainers": [
                        {"name": "migrate", "image": "localhost/app:1", "command": ["lockmaster", "migrate"]}
                    ],
                    "containers": [{"name": "app", "image": "localhost/app:1"}],
                },
            },
        }
        self.deployment = cluster.make("deployment", name, spec={"replicas": 3, **spec})
        meta = {"ownerReferences": owned_by(self.deployment, "apps/v1", "Deployment")}
        self.replicaset = cluster.api.make(
            cluster.path("replicaset"), {"metadata": {"name": f"{name}-6f7d8c9b5", **meta}, "spec": spec}
        )
        self._template = spec["template"]

    def pod(self, suffix: str) -> str:
        """Make a pod of it; its name."""
        name = f"{self.name}-6f7d8c9b5-{suffix}"
        meta = {
            "name": name, "labels": {"app": self.name},
            "ownerReferences": owned_by(self.replicaset, "apps/v1", "ReplicaSet"),
        }  # fmt: skip
        spec = self._template["spec"] | {"serviceAccountName": "waiter"}
        self.cluster.api.make(self.cluster.path("pod"), {"metadata": meta, "spec": spec})
        return name

    def uid(self, pod: str) -> str:
        return str(self.cluster.api.get(self.cluster.path("pod", pod))["metadata"]["uid"])

    def start(self, pod: str, *argv: str, cwd: Path, port: int = 0, **env: str) -> Run:
        """Run it in the pod; `port` is that of another API server."""
        api, space = self.cluster.api, self.cluster.namespace
        account = api.mount(self.cluster.folder / f"account-{pod}", space, api.waiter_token(space, pod=pod))
        return start_cli(
            [argv[0], "--log-format", "text", "--verbose", *argv[1:]],
            env=environment(api.host, port or api.port, HOSTNAME=pod, **env), cwd=cwd, prefix=in_pod(account),
        )  # fmt: skip

    def events(self, kind: str, name: str) -> list[Json]:
        """What `kubectl describe` would show of it, in order."""
        path = self.cluster.path(kind, name)
        about = self.cluster.api.get(path)["metadata"]
        asked = f"fieldSelector=involvedObject.name={name},involvedObject.uid={about['uid']}"
        found = self.cluster.api.get(f"{self.cluster.path('event')}?{asked}")["items"]
        return sorted(found, key=lambda one: str(one["metadata"]["resourceVersion"]))

    def told(self, kind: str, name: str) -> list[tuple[str, str]]:
        return [(one["reason"], one["message"]) for one in self.events(kind, name)]
