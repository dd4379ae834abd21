"""Kinds of objects by the names that kubectl takes for them: `job`, `deploy`, `certificates.cert-manager.io`.

The usual ones are known here and cost no request; any other is asked for with its group, and the API server says the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from lockmaster.kube.api import Api


class Kind(NamedTuple):
    """A kind as the API server's paths have it. `version` is "" until the server has been asked."""

    name: str  # for people: Job
    group: str
    version: str
    resource: str  # jobs
    namespaced: bool = True

    def path(self, namespace: str) -> str:
        """Where its objects are."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.resource}" if self.namespaced else f"{root}/{self.resource}"


SLICE = Kind("EndpointSlice", "discovery.k8s.io", "v1", "endpointslices")
LEASE = Kind("Lease", "coordination.k8s.io", "v1", "leases")
CONFIGMAP = Kind("ConfigMap", "", "v1", "configmaps")
SECRET = Kind("Secret", "", "v1", "secrets")
_KNOWN = (
    (Kind("Job", "batch", "v1", "jobs"), "job"),
    (Kind("CronJob", "batch", "v1", "cronjobs"), "cronjob cj"),
    (Kind("Pod", "", "v1", "pods"), "pod po"),
    (Kind("Service", "", "v1", "services"), "service svc"),
    (Kind("Deployment", "apps", "v1", "deployments"), "deployment deploy"),
    (Kind("StatefulSet", "apps", "v1", "statefulsets"), "statefulset sts"),
    (Kind("DaemonSet", "apps", "v1", "daemonsets"), "daemonset ds"),
    (Kind("ReplicaSet", "apps", "v1", "replicasets"), "replicaset rs"),
    (CONFIGMAP, "configmap cm"),
    (SECRET, "secret"),
    (Kind("PersistentVolumeClaim", "", "v1", "persistentvolumeclaims"), "persistentvolumeclaim pvc"),
    (Kind("ServiceAccount", "", "v1", "serviceaccounts"), "serviceaccount sa"),
    (Kind("Ingress", "networking.k8s.io", "v1", "ingresses"), "ingress ing"),
    (SLICE, "endpointslice"),
    (LEASE, "lease"),
    (Kind("Namespace", "", "v1", "namespaces", namespaced=False), "namespace ns"),
    (Kind("Node", "", "v1", "nodes", namespaced=False), "node no"),
    (
        Kind("CustomResourceDefinition", "apiextensions.k8s.io", "v1", "customresourcedefinitions", namespaced=False),
        "customresourcedefinition crd",
    ),
)
KINDS = {
    name: kind
    for kind, names in _KNOWN
    for name in (*names.split(), kind.resource, *([f"{kind.resource}.{kind.group}"] if kind.group else []))
}


def named(word: str) -> Kind:
    """The kind that a word means. Raises UsageError; asks nobody."""
    word = word.lower()
    if word in KINDS:
        return KINDS[word]
    resource, dot, group = word.partition(".")
    if dot and resource and group:
        version, _, rest = group.partition(".")
        if rest and version[:1] == "v" and version[1:2].isdigit():  # certificates.v1.cert-manager.io
            return Kind(resource, rest, version, resource)
        return Kind(resource, group, "", resource)
    from lockmaster.settings.suggest import did_you_mean

    usual = ", ".join(names.split()[0] for _, names in _KNOWN)
    more = f"one of {usual}; any other kind with its group: certificates.cert-manager.io"
    raise UsageError(f"there is no kind of object {word!r} known here", hint=did_you_mean(word, KINDS) or more)


def asked(kind: Kind, api: Api) -> Kind | None:
    """The kind with what only the API server knows: its version, and whether it stands in namespaces.

    None while it knows no such kind: its CustomResourceDefinition may be made any moment. Raises what `api.get` raises.
    """
    if kind.resource in {known.resource for known, _ in _KNOWN if known.group == kind.group}:
        return kind
    version = kind.version
    if not version:
        group = api.get(f"/apis/{kind.group}")
        if group is None:
            return None
        version = group["preferredVersion"]["version"]
    listed = api.get(f"/apis/{kind.group}/{version}") or {}
    for item in listed.get("resources") or ():
        words = (item["name"], item.get("singularName"), item["kind"].lower(), *(item.get("shortNames") or ()))
        if kind.resource in words and "/" not in item["name"]:
            return Kind(item["kind"], kind.group, version, item["name"], item["namespaced"])
    return None
