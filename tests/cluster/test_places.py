"""Where migrations and credentials come from, in a container that may do nothing: no root, no writing, no privilege."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.images import LOCKMASTER, SHOP, USER
from tests.cluster.namespace import init_status, ready
from tests.cluster.objects import POD_NAME, URL, container, deployment, template

if TYPE_CHECKING:
    from tests.cluster.namespace import Json, Namespace
    from tests.cluster.results import Results

pytestmark = pytest.mark.slow
PASSWORD = "p@ss/w:rd %41?#&"
LOCKED_DOWN = {
    "runAsNonRoot": True, "runAsUser": USER, "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
}  # fmt: skip
SECRET = {
    "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "database"},
    "stringData": {"url": URL, "user": "team", "password": PASSWORD},
}  # fmt: skip
FROM_ENV: Json = {"env": [{"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": "database", "key": "url"}}}]}
MOUNTED = {"volumeMounts": [{"name": "secret", "mountPath": "/secret", "readOnly": True}]}
FROM_FILE: Json = {"env": [{"name": "DATABASE_URL_FILE", "value": "/secret/url"}], **MOUNTED}
FROM_PARTS: Json = {
    "env": [
        {"name": "LOCKMASTER_HOST", "value": "postgres"},
        {"name": "LOCKMASTER_DBNAME", "value": "mydb"},
        {"name": "LOCKMASTER_USER", "valueFrom": {"secretKeyRef": {"name": "database", "key": "user"}}},
        {"name": "LOCKMASTER_PASSWORD_FILE", "value": "/secret/password"},
    ],
    **MOUNTED,
}


@pytest.mark.parametrize("source", [FROM_ENV, FROM_FILE, FROM_PARTS], ids=["env", "file", "parts"])
def test_url_from_a_secret(database: Namespace, source: Json) -> None:
    """Parts need no percent-encoding; and nothing of the password is in what is printed."""
    database.sql(f"CREATE ROLE team SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
    volumes = [{"name": "secret", "secret": {"secretName": "database"}}]
    database.roll_out([SECRET, _herd(f"{SHOP}2", "/migrations", volumes=volumes, **source)], "herd")
    pods = database.pods(app="herd")
    assert sorted(ready(database, pod)["applied"] for pod in pods) == [0, 2]
    said = "".join(database.logs(pod["metadata"]["name"], "migrate") for pod in pods)
    assert PASSWORD not in said
    assert "changeme" not in said


def test_migrations_of_the_applications_image_by_an_image_volume(database: Namespace) -> None:
    """Lockmaster's own image runs; the folder is that of the image that is deployed."""
    volumes = [{"name": "app", "image": {"reference": f"{SHOP}2", "pullPolicy": "IfNotPresent"}}]
    mounts = [{"name": "app", "mountPath": "/app", "readOnly": True}]
    herd = _herd(LOCKMASTER, "/app/migrations", volumes=volumes, env=_url(), volumeMounts=mounts)
    database.roll_out(herd, "herd")
    assert sorted(ready(database, pod)["applied"] for pod in database.pods(app="herd")) == [0, 2]


def test_a_tenth_of_a_core(database: Namespace, results: Results) -> None:
    limits = {"cpu": "100m", "memory": "64Mi"}
    seconds = database.roll_out(_herd(f"{SHOP}2", "/migrations", env=_url(), resources={"limits": limits}), "herd")
    results.note("2 replicas at first roll-out, two migrations, limits 100m and 64Mi", f"{seconds:.0f} s")
    pods = database.pods(app="herd")
    assert [init_status(pod)["restartCount"] for pod in pods] == [0] * 2
    assert sorted(ready(database, pod)["applied"] for pod in pods) == [0, 2]


def _url() -> list[Json]:
    return [{"name": "DATABASE_URL", "value": URL}]


def _herd(image: str, folder: str, *, env: list[Json], volumes: Any = (), **more: Any) -> Json:
    command = ["lockmaster", "migrate", "--dir", folder]
    init = container("migrate", image, *command, env=[*env, POD_NAME], securityContext=LOCKED_DOWN, **more)
    sleep = container("app", f"{SHOP}1", "sleep", "infinity", securityContext=LOCKED_DOWN)
    pod = template("herd", init=[init], containers=[sleep], volumes=list(volumes), automountServiceAccountToken=False)
    return deployment("herd", pod, replicas=2)
