"""A stream of manifests comes back as it was, but for what was changed."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from lockmaster.errors import UsageError
from lockmaster.manifests.objects import objects, workloads
from lockmaster.manifests.stream import Stream, plain, read

TWO = """\
# ours
---
apiVersion: apps/v1   # stable
kind: Deployment
metadata: {name: web, labels: {app: "web"}}
spec:
  template:
    spec:
      # the application
      containers:
      - name: web   # alone
        image: 'web:1'
        env:
        - {name: ON, value: yes}

--- # the rest
kind: List
items:
  - kind: Pod
    spec:
      containers: [{name: a}]
---
kind: CustomResourceDefinition
spec: {{ this is never read }}
"""


def test_what_nobody_changed_comes_back_byte_for_byte() -> None:
    text = "\ufeff" + TWO.replace("\n", "\r\n")
    assert Stream("x", text).text == text


def test_a_change_leaves_comments_order_and_quotes() -> None:
    stream = Stream("x", TWO)
    (deployment, _) = workloads(objects([stream]))
    deployment.spec["initContainers"] = [{"name": "migrate", "env": [{"name": "A"}]}]
    deployment.object.document.touch()
    added = "      initContainers:\n      - name: migrate\n        env:\n        - name: A\n"
    assert stream.text == TWO.replace("value: yes}\n\n", "value: yes}\n\n" + added)


def test_pods_are_found_in_lists_and_know_their_lines() -> None:
    found = [
        (one.object.title, one.object.place(*one.spec_path, "containers", 0))
        for one in workloads(objects([Stream("x", TWO)]))
    ]
    assert found == [("Deployment web", "x:11"), ("Pod", "x:21")]


def test_json_stays_json() -> None:
    text = '{\n    "kind": "Pod",\n    "spec": {"containers": [{"name": "\\ud83d\\ude00"}]}\n}\n{"kind": "Service"}\n'
    stream = Stream("x", text)
    assert stream.text == text
    (pod,) = workloads(objects([stream]))
    pod.spec["restartPolicy"] = "Never"
    pod.object.document.touch()
    assert '    "kind": "Pod",\n' in stream.text
    assert "\U0001f600" in stream.text
    assert stream.text.endswith('}\n{"kind": "Service"}\n')


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("a: 1\n---\nb: [\n", "x:4: ", "kubectl"),
        ("a: 1\n---\na: 1\na: 2\n", 'x:4: found duplicate key "a"', "kubectl"),
        ("kind: {{ .Values.kind }}\n", "x:1: ", "helm template"),
        ("- a\n", "x:1: not a Kubernetes object", "apiVersion"),
        ("a: 1\n---\nhello\n", "x:3: not a Kubernetes object", "apiVersion"),
    ],
)
def test_what_is_no_manifest_is_told_with_its_line(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        list(objects([Stream("x", text)]))
    assert message in str(caught.value)
    assert hint in (caught.value.hint or "")


def test_what_is_not_utf_8_is_told() -> None:
    class Stdin:
        buffer = io.BytesIO(b"kind: \xff")

    with pytest.raises(UsageError, match="stdin: not UTF-8, at byte 6"):
        read("-", Stdin())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcyn01-", min_size=1), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["kind", "spec", "x"]), VALUES, min_size=1), VALUES)
def test_a_changed_document_says_what_was_meant(root: dict[str, object], value: object) -> None:
    out = io.StringIO()
    YAML(pure=True).dump(root, out)
    stream = Stream("x", out.getvalue())
    (document,) = stream.documents
    document.root["added"] = value
    document.touch()
    assert plain(YAML(typ="safe", pure=True).load(stream.text)) == plain(root | {"added": value})
