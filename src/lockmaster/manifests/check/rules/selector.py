"""A Deployment whose selector is missing, or selects other pods than its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.mend import put
from lockmaster.manifests.check.model import Finding, Rule, World
from lockmaster.manifests.objects import mapping
from lockmaster.manifests.stream import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

RULE = Rule(
    id="selector",
    severity="error",
    title="the selector does not match the labels of the pod template",
    effect="the API server refuses the object: nothing of the roll-out happens",
    help="give spec.selector.matchLabels and spec.template.metadata.labels the same labels",
)
_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


def find(world: World) -> Iterator[Finding]:
    """Every workload of a kind that needs a selector, and has none that fits."""
    for workload in world.workloads:
        item = workload.object
        if item.kind not in _KINDS or item.group != "apps":
            continue
        wanted = mapping(item.at("spec", "selector", "matchLabels"))
        labels = mapping(mapping(workload.template.get("metadata")).get("labels"))
        if not wanted and not item.at("spec", "selector", "matchExpressions"):
            missing = "spec.selector" if labels else "spec.selector and the labels of the pod template"
            wanted = plain(labels or mapping(mapping(item.root.get("metadata")).get("labels")))
            message = f"{missing} is missing" if labels else f"{missing} are missing"
            yield Finding(RULE, item, ("spec",), message, wanted=wanted)
        elif not wanted.items() <= labels.items():
            lacking = ", ".join(f"{key}: {value}" for key, value in wanted.items() if labels.get(key) != value)
            yield Finding(RULE, item, workload.where, f"the pod template lacks the label {lacking}, which is selected")


def fix(root: Any, finding: Finding) -> None:
    """Select what the pods are labelled with, or, where nothing is, what the object is: it was never accepted so far."""
    if not finding.wanted:
        return
    spec = root["spec"]
    selector = mapping(spec.get("selector"))
    put(spec, "selector", {**selector, "matchLabels": dict(finding.wanted)}, before="template")
    if not mapping(mapping(spec["template"].get("metadata")).get("labels")):
        metadata = {**mapping(spec["template"].get("metadata")), "labels": dict(finding.wanted)}
        put(spec["template"], "metadata", metadata, before="spec")
