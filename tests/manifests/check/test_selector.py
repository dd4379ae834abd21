"""The rule `selector`."""

from __future__ import annotations

from lockmaster.manifests.check.run import check
from lockmaster.manifests.stream import Stream

BARE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: web
"""
SELECTED = BARE.replace("  template:\n", "  selector:\n    matchLabels: {app: web}\n  template:\n")
GOOD = SELECTED.replace("    spec:\n", "    metadata:\n      labels: {app: web, x: y}\n    spec:\n")


def found(text: str) -> list[tuple[str, str]]:
    return [(one.place, one.message) for one in check([Stream("x", text)]) if one.rule.id == "selector"]


def test_a_selector_that_is_missing() -> None:
    assert found(BARE) == [("x:5", "spec.selector and the labels of the pod template are missing")]


def test_a_selector_of_other_pods() -> None:
    assert found(SELECTED) == [("x:8", "the pod template lacks the label app: web, which is selected")]


def test_a_selector_that_fits() -> None:
    assert found(GOOD) == []
