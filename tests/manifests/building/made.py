"""What `kube build` makes, for many wishes: each test that looks at all of them asks for CASES."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML

from lockmaster.manifests.build.run import PATTERNS, build
from lockmaster.manifests.build.wishing import wishing
from lockmaster.settings.options import Options
from tests.manifests.building.helm import rendered

Json = dict[str, Any]
BASE = {"name": "web", "image": "registry.example/web:1.2"}
WHOLE = "/app/prisma/migrations"
PROXY = {"proxy": "registry.example/proxy:2", "proxy_port": "9090", "mesh": "istio"}
WISHES: dict[str, dict[str, str]] = {
    "plain": {},
    "copy": {"from": "copy", "dir": WHOLE},
    "same-image": {"from": "same-image", "replicas": "1"},
    "events": {"events": "true", "namespace": "shop"},
    "image-volume": {"kubernetes_version": "1.36", "dir": WHOLE, "mesh": "linkerd"},
    "namespace-proxy": {"namespace": "shop", **PROXY},
}
CASES = [(pattern, wish) for pattern in PATTERNS for wish in WISHES]
PLAIN = [pattern for pattern in PATTERNS if pattern != "helm-hook"]  # those that need nobody to render them


def files(pattern: str, *, settings: dict[str, str] | None = None, **flags: str) -> dict[str, str]:
    """Files of a pattern; flags by their keys, `dir` and `deadline` among them."""
    options = Options(dir=flags.pop("dir", "prisma/migrations"), deadline=float(flags.pop("deadline", "900")))
    args = ["--port=5432", "my-project:europe-west1:main"] if "proxy" in flags else []
    return build(pattern, wishing(BASE | flags, args, options, settings or {}))


def text(pattern: str, **flags: str) -> str:
    """All of its files as one stream; a chart is rendered by the real helm."""
    made = files(pattern, **flags)
    return rendered(made) if pattern == "helm-hook" else "".join(made.values())


def load(stream: str) -> list[Json]:
    return [one for one in YAML(typ="safe", pure=True).load_all(stream) if one]


def objects(pattern: str, **flags: str) -> list[Json]:
    return load(text(pattern, **flags))


def one(found: list[Json], kind: str) -> Json:
    (only,) = [item for item in found if item["kind"] == kind]
    return only


def pods(found: list[Json]) -> list[Json]:
    """The pod templates of these objects."""
    return [item["spec"]["template"] for item in found if item["kind"] in ("Deployment", "Job")]


def containers(pod: Json) -> dict[str, Json]:
    """All containers of a pod template, by name."""
    spec = pod["spec"]
    return {item["name"]: item for item in [*spec.get("initContainers", []), *spec["containers"]]}
