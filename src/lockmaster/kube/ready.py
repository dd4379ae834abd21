"""When an object is what it is to be: rules over what the API server says of it, and nothing else.

Job            condition Complete; Failed is the end of it
Pod            condition Ready
Service        an address in its EndpointSlices that is ready
Deployment, StatefulSet, DaemonSet    rolled out (rollout.py); condition=Available is the weaker one
PersistentVolumeClaim                 Bound
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.errors import StepFailedError
from lockmaster.kube import rollout
from lockmaster.kube.facts import UNSEEN, Json, Seen, conditions, generation, holds, meta, number, reasons, status
from lockmaster.kube.jsonpath import as_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.kube.target import Aim


def judge(aim: Aim, found: Json) -> Seen:
    """Whether an object that is there is what it is to be."""
    if aim.want == "exists":
        return Seen(ready=True, state="there")
    if aim.want == "absent":
        return Seen(ready=False, state="being deleted" if meta(found, "deletionTimestamp") else "still there")
    if aim.want == "condition":
        return _condition(found, *aim.condition)
    if aim.want == "jsonpath":
        return _value(found, aim)
    return _RULES[aim.kind.name](found)


def slices(found: list[Json]) -> Seen:
    """Whether a Service has somebody behind it, from its EndpointSlices."""
    if not found:
        return Seen(ready=False, state="no EndpointSlice (is there such a Service, and has it a selector?)")
    points = [point for one in found for point in one.get("endpoints") or () if point.get("addresses")]
    # "nil should be interpreted as true": EndpointConditions of discovery.k8s.io/v1
    ready = sum(1 for point in points if (point.get("conditions") or {}).get("ready") is not False)
    if not points:
        return Seen(ready=False, state="no endpoints")
    return Seen(ready=ready > 0, state=f"{ready} of {len(points)} endpoints ready")


def job(found: Json) -> Seen:
    """Complete, failed for good, or under way."""
    if holds(found, "Complete"):
        return Seen(ready=True, state="complete")
    if holds(found, "Failed"):
        why, namespace, name = reasons(conditions(found)["Failed"]), meta(found, "namespace"), meta(found, "name")
        hint = f"kubectl -n {namespace} logs job/{name}"
        failure = StepFailedError(f"Job {namespace}/{name} failed{why}", hint=hint)
        return Seen(ready=False, state=f"failed{why}", failure=failure)
    if holds(found, "FailureTarget"):  # its last pods are still ending
        return Seen(ready=False, state=f"failing{reasons(conditions(found)['FailureTarget'])}")
    if holds(found, "Suspended"):
        return Seen(ready=False, state="suspended")
    counts = [f"{number(status(found), key)} {key}" for key in ("active", "succeeded", "failed")]
    told = ", ".join(count for count in counts if not count.startswith("0 "))
    return Seen(ready=False, state=f"running: {told}" if told else "not started yet")


def _pod(found: Json) -> Seen:
    if meta(found, "deletionTimestamp"):
        return Seen(ready=False, state="being deleted")
    if holds(found, "Ready"):
        return Seen(ready=True, state="ready")
    scheduled = conditions(found).get("PodScheduled", {})
    why = status(found).get("reason") or _container(status(found)) or scheduled.get("reason")
    return Seen(ready=False, state=f"{status(found).get('phase') or 'Unknown'}{f': {why}' if why else ', not ready'}")


def _container(status: Json) -> str:
    """The first container that says why it is not running."""
    for one in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        state = one.get("state") or {}
        why = (state.get("waiting") or {}).get("reason") or (state.get("terminated") or {}).get("reason")
        if why and why != "Completed":
            return f"{one['name']} {why}"
    return ""


def _claim(found: Json) -> Seen:
    phase = status(found).get("phase") or "Pending"
    return Seen(ready=phase == "Bound", state=str(phase))


def _condition(found: Json, kind: str, wanted: str) -> Seen:
    """As kubectl wait: names without regard to case, and not what was said of an older version."""
    for name, one in conditions(found).items():
        if name.lower() != kind.lower():
            continue
        newest = generation(found)  # not every kind says which one its controller has seen
        if min(number(one, "observedGeneration", newest), number(status(found), "observedGeneration", newest)) < newest:
            return UNSEEN
        state = f"{name} is {one.get('status')}{reasons(one)}"
        return Seen(ready=str(one.get("status")).lower() == wanted.lower(), state=state)
    known = ", ".join(conditions(found))
    return Seen(ready=False, state=f"no condition {kind}{f' (there are {known})' if known else ' yet'}")


def _value(found: Json, aim: Aim) -> Seen:
    """As kubectl wait: the path names one plain value."""
    assert aim.path is not None  # noqa: S101 - `aim` read it
    values, path = aim.path.find(found), aim.path.text
    if len(values) != 1:
        return Seen(ready=False, state=f"{path} names {len(values) or 'no'} value{'s' if values else ''}")
    text = as_text(values[0])
    if aim.value is None:
        return Seen(ready=values[0] is not None, state=f"{path} is {'there' if text is None else text}")
    if text is None:
        return Seen(ready=False, state=f"{path} is no plain value")
    return Seen(ready=text == aim.value, state=f"{path} is {text or 'empty'}")


_RULES: dict[str, Callable[[Json], Seen]] = {
    "Job": job,
    "Pod": _pod,
    "Deployment": rollout.deployment,
    "StatefulSet": rollout.statefulset,
    "DaemonSet": rollout.daemonset,
    "PersistentVolumeClaim": _claim,
}
