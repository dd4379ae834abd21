"""Whatever the manifest: in and out again is what it was, twice is as once, and no comment is lost."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lockmaster.errors import UsageError
from lockmaster.manifests.emit import block
from lockmaster.manifests.stream import Stream, plain
from tests.manifests.inject.files import injected

NAMES = st.sampled_from(["web", "side", "tool"])
VARIABLES = st.lists(
    st.sampled_from(
        [
            {"name": "DATABASE_URL", "value": "postgres://app:$(PASSWORD)@db/app?sslrootcert=/certs/ca.pem"},
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
            {"name": "COLOUR", "value": "yes"},
            {"name": "POD_NAME", "value": "x"},
        ]
    ),
    max_size=4,
)
MOUNTS = st.lists(
    st.sampled_from([{"name": "certs", "mountPath": "/certs"}, {"name": "tmp", "mountPath": "/scratch"}]), max_size=2
)


def container(name: str) -> st.SearchStrategy[dict[str, Any]]:
    optional = {
        "command": st.sampled_from([["sh", "-c"], ["npm", "run", "migrate"]]),
        "args": st.just(["npx prisma migrate deploy"]),
        "env": st.none() | VARIABLES,
        "volumeMounts": MOUNTS,
        "workingDir": st.just("/app"),
        "securityContext": st.just({"runAsUser": 1000}),
    }
    return st.fixed_dictionaries({"name": st.just(name), "image": st.just("app:1")}, optional=optional)


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    own = draw(st.lists(st.just("tool"), max_size=1))
    init = [draw(container(name)) for name in own] + [draw(container("migrate"))]
    parts = {
        "initContainers": draw(st.permutations(init)),
        "containers": [draw(container(name)) for name in draw(st.lists(NAMES, min_size=1, max_size=2, unique=True))],
        "volumes": draw(st.sampled_from([[], None, [{"name": "certs", "secret": {"secretName": "c"}}]])),
    }
    for key in draw(st.permutations(list(parts))):
        if key != "volumes" or draw(st.booleans()):
            spec[key] = parts[key]
    metadata = draw(
        st.sampled_from([{"name": "web"}, {"name": "web", "annotations": {}}, {"annotations": {"a": "b"}, "name": "w"}])
    )
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": {"spec": spec}}}


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A manifest as a person may have written it: a comment above many lines, and behind many."""
    root = draw(manifests())
    if draw(st.integers(0, 5)) == 0:
        return json.dumps(root, indent=draw(st.sampled_from([None, 2]))), root
    lines = []
    for number, line in enumerate(block(root, 0, draw(st.sampled_from([0, 2]))).splitlines()):
        if draw(st.booleans()):
            lines.append(" " * (len(line) - len(line.lstrip())) + f"# above {number}")
        lines.append(f"{line}  # behind {number}" if draw(st.integers(0, 3)) == 0 else line)
    return "\n".join(lines) + "\n", root


WISHES = st.one_of(
    st.fixed_dictionaries(
        {"all": st.just(True)},  # noqa: FBT003
        optional={
            "where": st.sampled_from(["first", "last", "after:migrate", "before:migrate"]),
            "source": st.sampled_from(["bundle", "same-image", "configmap"]),
            "dir": st.just("/app/migrations"),
        },
    ),
    st.fixed_dictionaries(
        {"wrap": st.just("migrate"), "all": st.just(True), "url_env": st.just("PASSWORD")},  # noqa: FBT003
        optional={"source": st.sampled_from(["bundle", "image-volume", "same-image"])},
    ),
    st.fixed_dictionaries(
        {"replace": st.just("migrate"), "dir": st.just("/app/migrations")},
        optional={"source": st.sampled_from(["bundle", "same-image", "copy", "image-volume", "configmap"])},
    ),
)
FILES = {"1.sql": b"select 1;\n"}


def data(text: str) -> list[Any]:
    return [plain(document.root) for document in Stream("x", text).documents]


def comments(text: str) -> list[str]:
    return sorted(re.findall(r"# (?:above|behind) \d+$", text, re.MULTILINE))


@settings(deadline=None, max_examples=100)
@given(texts(), WISHES)
def test_in_and_out_again_twice_as_once_and_every_comment(
    given_: tuple[str, dict[str, Any]], wish: dict[str, Any]
) -> None:
    text, root = given_
    if wish.get("source") == "configmap":
        wish = {**wish, "dir": "db"}
    try:
        there = injected(text, FILES, **wish)
    except UsageError as error:
        assert error.hint  # noqa: PT017 - no command, no URL: told, and nothing changed
        return
    assert data(there) != data(text)
    assert injected(there, FILES, **wish) == there
    back = injected(there, remove=True)
    assert data(back) == data(text)
    assert json.dumps(data(back)) == json.dumps([root])  # in the same order
    if "replace" not in wish:  # of a command that is replaced, the comments go with it
        assert comments(there) == comments(text)
        assert back == text or ": null" in back  # what was nothing comes back as null
