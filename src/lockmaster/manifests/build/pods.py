"""The pod: what all of its containers have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests import names
from lockmaster.manifests.build import containers, events
from lockmaster.manifests.build.fill import fill, scalar
from lockmaster.manifests.build.supply import supply

if TYPE_CHECKING:
    from lockmaster.manifests.build.wish import Wish

_SPEC = """\
serviceAccountName: ${account}
automountServiceAccountToken: false  # ${token}
${restart}
securityContext:
  runAsNonRoot: true
  runAsUser: ${uid}  # over 10000: no user of the node has it
  runAsGroup: ${uid}
  seccompProfile: {type: RuntimeDefault}
${affinity}
initContainers:
  ${first}
containers:
  ${main}
volumes:
  ${volumes}
"""
_AFFINITY = """\
affinity:  # one node that is lost does not take all replicas with it
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              app.kubernetes.io/name: ${name}
"""
_MESHES = {
    "istio": 'sidecar.istio.io/nativeSidecar: "true"  # else init containers have no network, and a Job never ends',
    "linkerd": 'config.beta.linkerd.io/proxy-enable-native-sidecar: "true"'
    "  # else init containers have no network, and a Job never ends",
}


def application(wish: Wish, first: str) -> str:
    """The spec of the application's pods; `first` is the init container that makes them wait."""
    return _spec(
        account=scalar(wish.name),
        token=_token(wish),
        restart="",
        affinity=fill(_AFFINITY, name=scalar(wish.name)),
        first=containers.before(wish) + first,
        main=containers.application(wish),
        volumes=supply(wish).volumes + events.volume(wish) + "- name: tmp\n  emptyDir: {sizeLimit: 128Mi}\n",
    )


def migration(wish: Wish) -> str:
    """The spec of the pods that migrate and do nothing else."""
    return _spec(
        account=f"{wish.name}-migrate",
        token=_token(wish),
        restart="restartPolicy: Never  # a failed try stays, with its log; the Job makes a new pod\n",
        affinity="",
        first=containers.before(wish),
        main=containers.migrate(wish),
        volumes=supply(wish).volumes + events.volume(wish),
    )


def pod_annotations(wish: Wish) -> str:
    """Annotations of all pods, if there are any."""
    return f"annotations:\n  {_MESHES[wish.mesh]}\n" if wish.mesh else ""


def _token(wish: Wish) -> str:
    return (
        "the one container that tells Events has its own" if wish.events else "nothing in this pod asks the API server"
    )


def _spec(**slots: str) -> str:
    template = _SPEC
    for field, slot in (("initContainers:", "first"), ("volumes:", "volumes")):
        if not slots[slot]:
            template = template.replace(f"{field}\n  ${{{slot}}}\n", "")
    return fill(template, uid=str(names.USER), **{"first": "", "volumes": "", **slots})
