"""The objects beside the Job: Deployment, Service, ServiceAccount, PodDisruptionBudget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.build import events, pods
from lockmaster.manifests.build.fill import fill, scalar

if TYPE_CHECKING:
    from lockmaster.manifests.build.wish import Wish

_METADATA = """\
metadata:
  name: ${name}${why}
  namespace: ${namespace}
  labels:
    app.kubernetes.io/name: ${label}
    app.kubernetes.io/component: ${component}
  ${annotations}
"""
_ACCOUNT = """\
apiVersion: v1
kind: ServiceAccount
${metadata}
automountServiceAccountToken: false  # a token is for Events only: docs/kubernetes/events-and-status.md
"""
_SERVICE = """\
apiVersion: v1
kind: Service
${metadata}
spec:
  selector:
    app.kubernetes.io/name: ${name}
  ports:
    - {name: http, port: 80, targetPort: http}
"""
_BUDGET = """\
apiVersion: policy/v1
kind: PodDisruptionBudget
${metadata}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow  # a pod that still waits for its schema must not hold up the drain of a node
  selector:
    matchLabels:
      app.kubernetes.io/name: ${name}
"""
_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
${metadata}
spec:
  replicas: ${replicas}
  progressDeadlineSeconds: ${progress}  # ${why}
  revisionHistoryLimit: 5
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0  # the old pods serve until a new one is ready: the schema must suit both
      maxSurge: 25%
  selector:
    matchLabels:
      app.kubernetes.io/name: ${name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ${name}
        app.kubernetes.io/component: app
      ${annotations}
    spec:
      ${pod}
"""


def metadata(wish: Wish, name: str, *, component: str, why: str = "", annotations: str = "") -> str:
    """Name, namespace if one is wanted, labels; `annotations` is a block of its own."""
    template = _METADATA if wish.namespace else _METADATA.replace("  namespace: ${namespace}\n", "")
    label = wish.name if component == "app" else f"{wish.name}-migrate"
    return fill(
        template, name=scalar(name), why=f"  # {why}" if why else "", namespace=scalar(wish.namespace),
        label=scalar(label), component=component, annotations=annotations,
    )  # fmt: skip


def account(wish: Wish, *, migration: bool = False, annotations: str = "") -> str:
    """A service account that may do nothing, or tell Events."""
    name = f"{wish.name}-migrate" if migration else wish.name
    kind = "migration" if migration else "app"
    role = metadata(wish, f"{name}-events", component=kind, annotations=annotations)
    text = fill(_ACCOUNT, metadata=metadata(wish, name, component=kind, annotations=annotations))
    return text + events.role(wish, name, role)


def deployment(wish: Wish, *, first: str, progress: int, why: str) -> str:
    """The application; `first` is the init container that makes its pods wait."""
    return fill(
        _DEPLOYMENT, metadata=metadata(wish, wish.name, component="app"), replicas=wish.replicas,
        progress=str(progress), why=why, name=scalar(wish.name), annotations=pods.pod_annotations(wish),
        pod=pods.application(wish, first),
    )  # fmt: skip


def service(wish: Wish) -> str:
    """The way to the application's pods: those whose schema is ready."""
    return fill(_SERVICE, metadata=metadata(wish, wish.name, component="app"), name=scalar(wish.name))


def budget(wish: Wish) -> str:
    """One replica at a time is taken away; with one replica alone it would only be in the way."""
    text = fill(_BUDGET, metadata=metadata(wish, wish.name, component="app"), name=scalar(wish.name))
    return text if wish.replicas != "1" else ""
