"""The manifests that the tests of `inject` begin with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockmaster.manifests.inject.run import inject
from lockmaster.manifests.inject.wish import Wish
from lockmaster.manifests.objects import objects, workloads
from lockmaster.manifests.stream import Stream, plain

if TYPE_CHECKING:
    from lockmaster.manifests.inject.configmap import Files
    from lockmaster.manifests.inject.wish import Note
    from lockmaster.manifests.objects import Workload

HERE = Path(__file__).parent
EXAMPLES, EXPECTED = HERE / "examples", HERE / "expected"

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      # the application
      containers:
      - name: web   # alone
        image: web:1.4.2
        env:
        - name: PASSWORD
          valueFrom: {secretKeyRef: {name: db, key: password}}
        - {name: COLOUR, value: blue}
        - {name: DATABASE_URL, value: "postgres://app:$(PASSWORD)@db/app"}   # made here
"""


def injected(text: str, files: Files | None = None, **wish: Any) -> str:
    return told(text, files, **wish)[0]


def told(text: str, files: Files | None = None, **wish: Any) -> tuple[str, list[Note]]:
    """The text afterwards, and what was said."""
    stream = Stream("x", text)
    notes = inject([stream], Wish(**wish), lambda _: files or {})
    return stream.text, notes


def only(text: str) -> Workload:
    """The one workload in there."""
    (found,) = workloads(objects([Stream("x", text)]))
    return found


def init(text: str) -> list[dict[str, Any]]:
    """Its init containers, as plain data."""
    found: list[dict[str, Any]] = plain(only(text).spec.get("initContainers")) or []
    return found


def container(text: str, name: str = "lockmaster") -> dict[str, Any]:
    found: dict[str, Any] = plain(next(one.root for one in only(text).containers() if one.name == name))
    return found
