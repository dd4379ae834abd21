"""Rules of kube-linter and polaris in our words, each under its own name, for what `kube build` makes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.manifests.building.made import Json


class World:
    """The objects, and what the rules ask of them."""

    def __init__(self, found: list[Json]) -> None:
        self.found = found
        self.pods: list[Json] = [spec["template"] for kind in ("Deployment", "Job") for spec in self.specs(kind)]

    def containers(self) -> Iterator[tuple[Json, Json]]:
        """Each with its pod's spec."""
        for pod in self.pods:
            for item in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
                yield pod["spec"], item

    def each(self, right: Callable[[Json, Json], object]) -> bool:
        return all(right(pod, item) for pod, item in self.containers())

    def specs(self, kind: str) -> list[Json]:
        return [item["spec"] for item in self.found if item["kind"] == kind]

    def named(self, kind: str) -> set[str]:
        return {item["metadata"]["name"] for item in self.found if item["kind"] == kind}

    def guarded(self, field: str, value: object) -> bool:
        return self.each(lambda _, item: item["securityContext"].get(field, False) is value)

    def sized(self, kind: str, what: str) -> bool:
        return self.each(lambda _, item: what in item["resources"][kind])


def tagged(_: Json, item: Json) -> bool:
    return bool(re.search(r":[\w.-]+$|@sha256:", item["image"])) and not item["image"].endswith(":latest")


def dropped(_: Json, item: Json) -> bool:
    return item["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def plain_secrets(_: Json, item: Json) -> list[Json]:
    secret = re.compile("(?i)secret|password|token|key|url")
    return [one for one in item.get("env", []) if secret.search(one["name"]) and "value" in one]


KUBE_LINTER: dict[str, Callable[[World], object]] = {
    "dangling-service": lambda w: all(
        any(spec["selector"].items() <= pod["metadata"]["labels"].items() for pod in w.pods)
        for spec in w.specs("Service")
    ),
    "default-service-account": lambda w: all(pod["spec"]["serviceAccountName"] not in ("", "default") for pod in w.pods),
    "deprecated-service-account-field": lambda w: not any("serviceAccount" in pod["spec"] for pod in w.pods),
    "drop-net-raw-capability": lambda w: w.each(dropped),
    "env-var-secret": lambda w: not any(plain_secrets(*one) for one in w.containers()),
    "host-ipc, host-network, host-pid": lambda w: not any(
        f"host{what}" in pod["spec"] for pod in w.pods for what in ("IPC", "PID", "Network")
    ),
    "invalid-target-ports": lambda w: all(
        port["targetPort"] in {x["name"] for _, c in w.containers() for x in c.get("ports", [])}
        for spec in w.specs("Service") for port in spec["ports"]
    ),
    "job-ttl-seconds-after-finished": lambda w: all(
        "ttlSecondsAfterFinished" in spec for spec in w.specs("Job")
    ),
    "latest-tag": lambda w: w.each(tagged),
    "mismatching-selector": lambda w: all(
        spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
        for spec in w.specs("Deployment")
    ),
    "no-anti-affinity": lambda w: all(
        "podAntiAffinity" in spec["template"]["spec"]["affinity"] for spec in w.specs("Deployment")
    ),
    "no-read-only-root-fs": lambda w: w.guarded("readOnlyRootFilesystem", value=True),
    "no-readiness-probe": lambda w: all(
        "readinessProbe" in c for spec in w.specs("Deployment") for c in spec["template"]["spec"]["containers"]
    ),
    "no-rolling-update-strategy": lambda w: all(
        spec["strategy"]["type"] == "RollingUpdate" for spec in w.specs("Deployment")
    ),
    "non-existent-service-account": lambda w: {pod["spec"]["serviceAccountName"] for pod in w.pods} <= w.named("ServiceAccount"),
    "pdb-max-unavailable": lambda w: all(spec["maxUnavailable"] == 1 for spec in w.specs("PodDisruptionBudget")),
    "pdb-unhealthy-pod-eviction-policy": lambda w: all(
        spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow" for spec in w.specs("PodDisruptionBudget")
    ),
    "privilege-escalation-container": lambda w: w.guarded("allowPrivilegeEscalation", value=False),
    "privileged-container": lambda w: w.guarded("privileged", value=False),
    "privileged-ports, ssh-port": lambda w: all(
        port["containerPort"] > 1024 for _, c in w.containers() for port in c.get("ports", [])
    ),
    "restart-policy": lambda w: all(pod["spec"].get("restartPolicy", "Always") in ("Always", "Never") for pod in w.pods),
    "run-as-non-root": lambda w: all(
        pod["spec"]["securityContext"]["runAsNonRoot"] and pod["spec"]["securityContext"]["runAsUser"] >= 10000 for pod in w.pods
    ),
    "sensitive-host-mounts, docker-sock, writable-host-mount": lambda w: not any(
        "hostPath" in one for pod in w.pods for one in pod["spec"].get("volumes", [])
    ),
    "unset-cpu-requirements": lambda w: w.sized("requests", "cpu") and w.sized("limits", "cpu"),
    "unset-memory-requirements": lambda w: w.sized("requests", "memory") and w.sized("limits", "memory"),
}  # fmt: skip
POLARIS: dict[str, Callable[[World], object]] = {
    "automountServiceAccountToken": lambda w: all(pod["spec"]["automountServiceAccountToken"] is False for pod in w.pods),
    "cpu and memory, requests and limits": lambda w: all(
        w.sized(kind, what) for kind in ("requests", "limits") for what in ("cpu", "memory")
    ),
    "deploymentMissingReplicas": lambda w: all(
        spec["replicas"] > 1 or "PodDisruptionBudget" not in {x["kind"] for x in w.found}
        for spec in w.specs("Deployment")
    ),
    "hostPortSet": lambda w: not any("hostPort" in port for _, c in w.containers() for port in c.get("ports", [])),
    "insecureCapabilities, dangerousCapabilities": lambda w: w.each(dropped),
    "linuxHardening": lambda w: all(
        pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"} for pod in w.pods
    ),
    "metadataAndInstanceMismatched": lambda w: not any(
        "app.kubernetes.io/instance" in pod["metadata"]["labels"] for pod in w.pods
    ),
    "notReadOnlyRootFilesystem": lambda w: w.guarded("readOnlyRootFilesystem", value=True),
    "privilegeEscalationAllowed": lambda w: w.guarded("allowPrivilegeEscalation", value=False),
    "runAsPrivileged": lambda w: w.guarded("privileged", value=False),
    "runAsRootAllowed": lambda w: all(pod["spec"]["securityContext"]["runAsNonRoot"] is True for pod in w.pods),
    "sensitiveContainerEnvVar": lambda w: not any(plain_secrets(*one) for one in w.containers()),
    "tagNotSpecified": lambda w: w.each(tagged),
}  # fmt: skip
