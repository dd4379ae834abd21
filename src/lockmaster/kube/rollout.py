"""When a Deployment, a StatefulSet or a DaemonSet is rolled out: as `kubectl rollout status` has it.

The controller has seen the newest version, all replicas are of it and available, and no other is left. That one is
stuck is said, but is not the end of it: it may come out again.
"""

from __future__ import annotations

from lockmaster.kube.facts import UNSEEN, Json, Seen, conditions, generation, number, reasons, spec, status


def deployment(found: Json) -> Seen:
    """As kubectl's DeploymentStatusViewer."""
    now, wanted = status(found), number(spec(found), "replicas", 1)
    stuck = conditions(found).get("Progressing", {})
    note = f" (stuck{reasons(stuck)})" if stuck.get("reason") == "ProgressDeadlineExceeded" else ""
    updated, total, available = (number(now, key) for key in ("updatedReplicas", "replicas", "availableReplicas"))
    if not _observed(found):
        return UNSEEN
    if updated < wanted:
        return Seen(ready=False, state=f"{updated} of {wanted} replicas updated{note}")
    if total > updated:
        return Seen(ready=False, state=f"{total - updated} old replicas still there{note}")
    if available < updated:
        return Seen(ready=False, state=f"{available} of {updated} replicas available{note}")
    return Seen(ready=True, state=f"{available} of {wanted} replicas available")


def statefulset(found: Json) -> Seen:
    """As kubectl's StatefulSetStatusViewer; a strategy OnDelete waits for nobody's update."""
    now, wanted = status(found), number(spec(found), "replicas", 1)
    strategy = spec(found).get("updateStrategy") or {}
    if not _observed(found):
        return UNSEEN
    ready = number(now, "readyReplicas")
    available = min(ready, number(now, "availableReplicas", ready))
    if available < wanted:
        return Seen(ready=False, state=f"{available} of {wanted} replicas available")
    least = max(0, wanted - number(strategy.get("rollingUpdate") or {}, "partition"))
    updated = number(now, "updatedReplicas")
    if strategy.get("type") != "OnDelete" and updated < least:
        return Seen(ready=False, state=f"{updated} of {least} replicas updated")
    return Seen(ready=True, state=f"{available} of {wanted} replicas available")


def daemonset(found: Json) -> Seen:
    """As kubectl's DaemonSetStatusViewer."""
    now = status(found)
    wanted, updated, available = (
        number(now, key) for key in ("desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable")
    )
    on_delete = (spec(found).get("updateStrategy") or {}).get("type") == "OnDelete"
    if not _observed(found):
        return UNSEEN
    if updated < wanted and not on_delete:
        return Seen(ready=False, state=f"{updated} of {wanted} nodes updated")
    if available < wanted:
        return Seen(ready=False, state=f"{available} of {wanted} nodes available")
    return Seen(ready=True, state=f"{available} of {wanted} nodes available")


def _observed(found: Json) -> bool:
    return number(status(found), "observedGeneration") >= generation(found)
