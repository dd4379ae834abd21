"""Which rules are looked for, and what manifests let pass by themselves."""

from __future__ import annotations

import pytest

from lockmaster.errors import UsageError
from lockmaster.manifests.check.run import IGNORE, checks, examine
from lockmaster.manifests.stream import Stream

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
{annotations}
spec:
  template:
    metadata:
      annotations: {{{inner}}}
    spec:
      initContainers:
        - name: migrate
          image: web:latest
      containers:
        - name: web
          image: web:1
"""


def manifest(annotations: str = "", inner: str = "") -> list[Stream]:
    text = f"  annotations:\n    {IGNORE}: {annotations}" if annotations else ""
    return [Stream("x", DEPLOYMENT.format(annotations=text, inner=f"{IGNORE}: {inner}" if inner else ""))]


def found(streams: list[Stream], **choice: tuple[str, ...]) -> set[str]:
    return {one.rule.id for one in examine(streams, checks(**choice)).findings}


def test_there_are_at_least_25() -> None:
    assert len(checks()) >= 25


def test_each_rule_is_named_as_its_file() -> None:
    for check in checks():
        assert check.RULE.id.replace("-", "_") == check.__name__.rpartition(".")[2]  # type: ignore[attr-defined]


def test_only_and_ignore() -> None:
    assert found(manifest(), only=("selector", "latest-tag,runs-as-root")) == {"selector", "latest-tag", "runs-as-root"}
    everything = found(manifest())
    assert found(manifest(), ignore=("selector",)) == everything - {"selector"}
    assert found(manifest(), only=("selector,latest-tag",), ignore=("selector",)) == {"latest-tag"}


def test_a_rule_that_is_none() -> None:
    with pytest.raises(UsageError, match="there is no rule 'latest-tags'") as raised:
        checks(only=("latest-tags",))
    assert raised.value.hint == "did you mean latest-tag?"


def test_no_rule_left() -> None:
    with pytest.raises(UsageError, match="no rule is left"):
        checks(only=("selector",), ignore=("selector",))


@pytest.mark.parametrize("streams", [manifest("latest-tag, selector"), manifest(inner="'latest-tag,selector'")])
def test_an_annotation_lets_pass_and_is_counted(streams: list[Stream]) -> None:
    everything = found(manifest())
    report = examine(streams)
    assert {one.rule.id for one in report.findings} == everything - {"latest-tag", "selector"}
    assert report.passed == 2


def test_an_annotation_that_names_no_rule_is_told() -> None:
    assert examine(manifest("latest")).strange == [("x:6", "latest")]


def test_two_objects_of_the_same_kind_are_told_apart() -> None:
    """Equal objects in one file: each has its own findings, at its own lines."""
    (one,) = manifest()
    both = Stream("x", f"{one.text}---\n{one.text}")
    tags = [finding for finding in examine([both]).findings if finding.rule.id == "latest-tag"]
    assert [finding.object.line(*finding.path) for finding in tags] == [13, 30]


def test_what_stands_once_and_is_meant_three_times_by_aliases_is_told_once() -> None:
    text = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      initContainers:
        - name: migrate
          image: web:1
          env: &env
            - {name: DATABASE_URL, value: "postgres://web:$(PASSWORD)@db/web"}
        - {name: seed, image: "web:1", env: *env}
      containers:
        - {name: web, image: "web:1", env: *env}
"""
    findings = examine([Stream("x", text)], checks(only=("url-interpolation",))).findings
    assert [one.place for one in findings] == ["x:11"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("replicas: 5", "Rollout web has 5 replicas"),
        ("replicas: 1", ""),
        ("{}\n---\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\n"
         "spec: {maxReplicas: 9, scaleTargetRef: {kind: Rollout, name: web}}",
         "HorizontalPodAutoscaler h makes up to 9 replicas"),
    ],
)  # fmt: skip
def test_the_pods_of_a_deployment_that_a_rollout_borrows_are_counted(more: str, why: str) -> None:
    text = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 0\n  template:\n    spec:\n"
        "      initContainers: [{name: migrate, image: 'web:1', command: [goose, up]}]\n"
        "      containers: [{name: web, image: 'web:1'}]\n"
        "---\nkind: Rollout\nmetadata: {name: web}\nspec:\n  workloadRef: {kind: Deployment, name: web}\n"
        f"  {more}\n".replace("  {}\n", "")
    )
    findings = examine([Stream("x", text)], checks(only=("unlocked-replicas",))).findings
    assert [one.message for one in findings] == ([f"'goose up' takes no lock, and {why}"] if why else [])
