"""Migrations in a Kustomization of Flux that the application's Kustomization depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.build import job, objects
from lockmaster.manifests.build.fill import fill, scalar
from lockmaster.manifests.build.head import head, secrets
from lockmaster.manifests.build.patterns import job_and_gate
from lockmaster.manifests.build.stream import joined

if TYPE_CHECKING:
    from lockmaster.manifests.build.wish import Wish

_WHAT = """\
Two Kustomizations of Flux: the application's depends on the migration's, which is ready when its Job is complete. They
belong to the folder that Flux watches; their paths are relative to the repository's root.
"""
_MIGRATE = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: ${name}-migrate
  namespace: flux-system
spec:
  interval: 1h
  retryInterval: 5m
  timeout: ${limit}s  # longer than the Job may take: else Flux gives up on one that is at work
  sourceRef: {kind: GitRepository, name: flux-system}
  path: ./${name}/migrate
  targetNamespace: ${namespace}
  prune: true  # takes away the Job of the last version, once that of the new one is there
  wait: true  # ready when the Job is complete, not when it is made
"""
_APP = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: ${name}
  namespace: flux-system
spec:
  dependsOn:
    - name: ${name}-migrate  # of the same revision
  interval: 1h
  retryInterval: 5m
  timeout: ${progress}s
  sourceRef: {kind: GitRepository, name: flux-system}
  path: ./${name}/app
  targetNamespace: ${namespace}
  prune: true
  healthChecks:
    - apiVersion: apps/v1
      kind: Deployment
      name: ${name}
      namespace: ${namespace}
"""
_JOB = """\
The Job has no ttlSecondsAfterFinished: Flux would see that it is gone and make it again, each hour. Its name comes from
its content, so no `force` is needed: a new version is a new Job.
"""
_GATED = "The gate stays, for pods that start at another time than this roll-out."


def build(wish: Wish) -> dict[str, str]:
    """See the package."""
    wish = wish._replace(namespace=wish.namespace or "default")
    slots = {"name": wish.name, "namespace": scalar(wish.namespace)}
    both = joined(
        fill(_MIGRATE, limit=str(wish.limit + 120), **slots), fill(_APP, progress=str(wish.limit + 300), **slots)
    )
    migration = joined(objects.account(wish, migration=True), job.job(wish, why=job_and_gate.NAMED, ttl=""))
    return {
        "flux.yaml": head(_WHAT, secrets(wish)) + both,
        f"{wish.name}/migrate/job.yaml": head(_JOB) + migration,
        f"{wish.name}/app/{wish.name}.yaml": head(_GATED) + joined(*job_and_gate.application(wish)),
    }
