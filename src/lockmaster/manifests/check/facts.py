"""What rules ask of an object: how many pods, how they are replaced, what Job it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lockmaster.manifests.check.model import same_namespace
from lockmaster.manifests.check.said import variables
from lockmaster.manifests.objects import mapping, text
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from lockmaster.manifests.check.model import World
    from lockmaster.manifests.objects import Container, Object, Path, Workload


class Job(NamedTuple):
    """The spec of a Job, or of the Jobs of a CronJob, and where it is in the object."""

    spec: Any
    path: Path


def job(workload: Workload) -> Job | None:
    """The Job that a workload is; None for other kinds."""
    if workload.object.kind not in ("Job", "CronJob"):
        return None
    path = workload.where[:-1]
    return Job(mapping(workload.object.at(*path)), path)


def many(workload: Workload, world: World) -> str:
    """Why several of its pods may start at once; empty where that is not so."""
    item = workload.object
    if item.kind == "DaemonSet":
        return "a DaemonSet has a pod on every node"
    if item.kind == "StatefulSet" and item.at("spec", "podManagementPolicy") != "Parallel":
        return ""  # one after the other, each ready before the next
    if item.kind in ("Job", "CronJob", "Pod"):
        return ""
    makers = [item, *(one for one in world.kind("Rollout") if _points_to(one, ("spec", "workloadRef"), item))]
    for maker in makers:  # a Rollout may have its pods of a Deployment, which itself is scaled to 0
        if scaled := _scaled(maker, world):
            return scaled
    count, most = max((number(one.at("spec", "replicas"), 1), -place) for place, one in enumerate(makers))
    there = f"there are {count} replicas" if most == 0 else f"{makers[-most].title} has {count} replicas"
    return there if count > 1 else ""


def _points_to(item: Object, path: Path, target: Object) -> bool:
    """Whether a reference in one object is to the other."""
    found = mapping(item.at(*path))
    same = (text(found.get("kind") or "Deployment"), found.get("name")) == (target.kind, target.name)
    return same and same_namespace(item, target)


def _scaled(target: Object, world: World) -> str:
    for item in world.kind("HorizontalPodAutoscaler", "ScaledObject"):
        if not _points_to(item, ("spec", "scaleTargetRef"), target):
            continue
        most = number(item.at("spec", "maxReplicas") or item.at("spec", "maxReplicaCount"), 100)
        if most > 1:
            return f"{item.title} makes up to {most} replicas"
    return ""


def strategy(workload: Workload) -> tuple[str, Any]:
    """How pods are replaced, and the numbers of a rolling update."""
    field = "updateStrategy" if workload.object.kind in ("StatefulSet", "DaemonSet") else "strategy"
    found = mapping(workload.object.at("spec", field))
    return text(found.get("type")) or "RollingUpdate", mapping(found.get("rollingUpdate"))


def number(value: Any, default: int = 0) -> int:
    """A whole number, also written as text; the default for anything else."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return default


def none_at_all(value: Any) -> bool:
    """Whether a count or a share is written, and is nothing: 0, "0", 0%."""
    return value is not None and text(value).removesuffix("%") == "0"


def bytes_of(value: Any) -> float | None:
    """A quantity of memory in bytes; None where it is none."""
    units = {"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "m": 1e-3}
    written = text(value)
    digits = written.rstrip("kKMGTPEim")
    try:
        return float(digits) * units[written[len(digits) :]]
    except (KeyError, ValueError):
        return None


def security(container: Container, field: str) -> Any:
    """A field of the container's security context, else of its pod's."""
    own = mapping(container.root.get("securityContext")).get(field)
    return own if own is not None else mapping(container.workload.spec.get("securityContext")).get(field)


def pod_annotation(workload: Workload, name: str) -> str:
    """An annotation or a label of its pods."""
    metadata = mapping(workload.template.get("metadata"))
    return text(mapping(metadata.get("annotations")).get(name) or mapping(metadata.get("labels")).get(name))


def of_a_file(workload: Workload) -> bool:
    """Whether a container's database is a file."""
    values = (
        value for container in workload.containers() for value in (*variables(container).values(), *container.words)
    )
    return any(re.match(r"(?:sqlite[0-9+a-z]*:|file:\S*\.(?:db|sqlite3?)\b)", value) for value in values)
