"""A migration before the mesh's proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.facts import pod_annotation, security
from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.objects import mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.model import Finding, World
    from lockmaster.manifests.objects import Workload

RULE = Rule(
    id="mesh",
    severity="warning",
    title="the migration has no network before the mesh's proxy",
    effect="the mesh sends all traffic to a proxy that starts after the init containers: the migration's connections are "
    "refused, and the pod never gets further; in a Job the proxy goes on when the migration is done, and the Job never ends",
    help="native sidecars: sidecar.istio.io/nativeSidecar: 'true' (newer Istio has it by itself), "
    "config.linkerd.io/proxy-enable-native-sidecar: enabled; or take the database's port out of the mesh "
    "(traffic.sidecar.istio.io/excludeOutboundPorts, config.linkerd.io/skip-outbound-ports)",
)
_NATIVE = ("sidecar.istio.io/nativeSidecar", "config.linkerd.io/proxy-enable-native-sidecar",
           "config.alpha.linkerd.io/proxy-enable-native-sidecar", "config.beta.linkerd.io/proxy-enable-native-sidecar")  # fmt: skip
_PAST = ("traffic.sidecar.istio.io/excludeOutboundPorts", "config.linkerd.io/skip-outbound-ports")
_PROXY_USER = 1337  # traffic of this user is left alone


def find(world: World) -> Iterator[Finding]:
    """Every migration in a pod that asks for a proxy, or whose namespace does, and says nothing of the order."""
    for migration in world.migrations:
        workload = migration.workload
        mesh = _mesh(workload, world)
        if not mesh or migration.role == "app":
            continue
        settled = any(pod_annotation(workload, name) not in ("", "false", "disabled") for name in (*_NATIVE, *_PAST))
        if not settled and security(migration.container, "runAsUser") != _PROXY_USER:
            what = "goes on when the migration is done" if migration.role == "job" else "starts after the migration"
            yield at(RULE, migration.container, message=f"the proxy of {mesh} {what}, unless it is a native sidecar")


def _mesh(workload: Workload, world: World) -> str:
    istio, linkerd = pod_annotation(workload, "sidecar.istio.io/inject"), pod_annotation(workload, "linkerd.io/inject")
    for item in world.kind("Namespace"):
        if item.name == workload.object.namespace:
            labels = mapping(mapping(item.root.get("metadata")).get("labels"))
            istio = istio or {"enabled": "true"}.get(text(labels.get("istio-injection")), "")
            linkerd = linkerd or item.annotation("linkerd.io/inject")
    return "Istio" if istio == "true" else "Linkerd" if linkerd in ("enabled", "ingress") else ""
