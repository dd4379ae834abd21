"""Manifests that scenarios are made of, as objects; a scenario changes what it is about."""

from __future__ import annotations

from typing import Any

from tests.cluster.images import SHOP

Json = dict[str, Any]
URL = "postgres://admin:changeme@postgres:5432/mydb"
POD_NAME = {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
ENV = [{"name": "DATABASE_URL", "value": URL}, POD_NAME]


def container(name: str, image: str, *command: str, **more: Any) -> Json:
    return {"name": name, "image": image, "imagePullPolicy": "IfNotPresent", "command": list(command), **more}


def migrate(image: str, *options: str, **more: Any) -> Json:
    """The init container with Lockmaster, in an image that has it and the migrations."""
    command = ["lockmaster", "migrate", "--dir", "/migrations", *options]
    return container("migrate", image, *command, **({"env": ENV} | more))


def template(app: str, *, init: list[Json], containers: list[Json], **more: Any) -> Json:
    spec = {"terminationGracePeriodSeconds": 1, "initContainers": init, "containers": containers, **more}
    return {"metadata": {"labels": {"app": app}}, "spec": spec}


def deployment(app: str, pod: Json, *, replicas: int = 1, **more: Any) -> Json:
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": app, "labels": {"app": app}},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": app}}, "template": pod, **more},
    }  # fmt: skip


def service(app: str, port: int = 3000) -> Json:
    spec = {"selector": {"app": app}, "ports": [{"name": "http", "port": port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": app}, "spec": spec}


def shop(tag: str, *, replicas: int = 2, **more: Any) -> list[Json]:
    """A whole application: its Service, and its Deployment, of which no pod that serves is taken away for a new one."""
    image = f"{SHOP}{tag}"
    probe = {"httpGet": {"path": "/version", "port": 3000}, "periodSeconds": 1}
    serve = {"name": "shop", "image": image, "imagePullPolicy": "IfNotPresent", "readinessProbe": probe}
    pod = template("shop", init=[migrate(image)], containers=[serve])
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    return [service("shop"), deployment("shop", pod, replicas=replicas, strategy=strategy, **more)]


def sleeper(app: str, init: list[Json], *, replicas: int) -> Json:
    """A Deployment whose application does nothing: for scenarios that are about the init container."""
    sleep = container("app", f"{SHOP}1", "sleep", "infinity")
    return deployment(app, template(app, init=init, containers=[sleep]), replicas=replicas)
