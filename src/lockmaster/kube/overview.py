"""What runs Lockmaster in a namespace, made of objects as the API server has them. Pure: asks nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.kube.facts import Json, meta, number, spec, status
from lockmaster.kube.podstate import PodSeen, latest, ours, seen
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SUMS = ("failed", "waiting", "working", "starting", "done")  # in the order in which a person on call wants them


class Workload(NamedTuple):
    """An object that makes pods which run Lockmaster."""

    kind: str
    name: str
    image: str  # of the container that runs it, in the newest version
    wanted: int
    ready: int
    level: str  # that its image needs, as its newest pod found it; "" while none has told
    pods: tuple[PodSeen, ...]  # newest first

    @property
    def counts(self) -> dict[str, int]:
        """How many pods are in which state."""
        return {state: count for state in SUMS if (count := sum(pod.state == state for pod in self.pods))}


class Holder(NamedTuple):
    """A Lease, and who has it; "" if nobody."""

    lease: str
    holder: str
    since: str


class Listed(NamedTuple):
    """All that was read. Lists that may not be read are empty."""

    workloads: Sequence[Json]
    replicasets: Sequence[Json]
    pods: Sequence[Json]
    events: Sequence[Json] = ()
    leases: Sequence[Json] = ()


def workloads(listed: Listed) -> tuple[Workload, ...]:
    """Those that run Lockmaster, by kind and name."""
    told = latest(listed.events)
    owners = {_key("ReplicaSet", one): _owner(one) for one in listed.replicasets}
    below: dict[tuple[str, str], list[Json]] = {}
    for pod in listed.pods:
        owner = _owner(pod) or ("Pod", str(meta(pod, "name")))
        below.setdefault(owners.get(owner) or owner, []).append(pod)
    known = {_key(one["kind"], one): one for one in listed.workloads}
    found = [_workload(key, known.get(key), below.get(key, []), told) for key in sorted({*known, *below})]
    return tuple(one for one in found if one is not None)


def holders(listed: Listed) -> tuple[Holder, ...]:
    """The Leases that order our pods: those that one of these pods holds, and those that are called as ours."""
    names = {str(meta(pod, "name")) for pod in listed.pods}
    found = []
    for lease in listed.leases:
        holder, name = str(spec(lease).get("holderIdentity") or ""), str(meta(lease, "name"))
        if holder.partition("_")[0] in names or name.startswith("lockmaster-"):
            since = str(spec(lease).get("acquireTime") or "").partition(".")[0]
            found.append(Holder(name, holder, f"{since}Z" if holder and since else ""))
    return tuple(found)


def _workload(key: tuple[str, str], found: Json | None, pods: list[Json], told: Mapping[str, Json]) -> Workload | None:
    newest = sorted(pods, key=lambda pod: str(meta(pod, "creationTimestamp")), reverse=True)
    template = spec(found).get("template") or {} if found else newest[0]
    container = ours(spec(template))
    if container is None and key[0] in ("CronJob", "Rollout"):
        return None
    if container is None:
        container = next(filter(None, (ours(spec(pod)) for pod in newest)), None)
    if container is None:
        return None
    looked = tuple(filter(None, (seen(pod, told.get(str(meta(pod, "uid")))) for pod in newest)))
    ended = sum(status(pod).get("phase") == "Succeeded" for pod in pods)
    wanted, ready = _replicas(key[0], found, len(pods), ended)
    level = next((pod.level for pod in looked if pod.level), "")
    return Workload(key[0], key[1], str(container.get("image") or ""), wanted, ready, level, looked)


def _replicas(kind: str, found: Json | None, pods: int, ended: int) -> tuple[int, int]:
    if kind == "Job" and found:
        return number(spec(found), "completions", 1), number(status(found), "succeeded")
    if kind == "DaemonSet" and found:
        return number(status(found), "desiredNumberScheduled"), number(status(found), "numberReady")
    if found:
        return number(spec(found), "replicas", 1), number(status(found), "readyReplicas")
    return pods, ended


def _key(kind: str, found: Json) -> tuple[str, str]:
    return kind, str(meta(found, "name"))


def _owner(found: Json) -> tuple[str, str] | None:
    owners: Iterable[Json] = meta(found, "ownerReferences") or ()
    return next(((one["kind"], one["name"]) for one in owners if one.get("controller")), None)
