"""The Job that migrates."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from lockmaster.manifests.build import codes, pods
from lockmaster.manifests.build.fill import fill
from lockmaster.manifests.build.objects import metadata

if TYPE_CHECKING:
    from lockmaster.manifests.build.wish import Wish

RETRIES = 3
DAY = 86400

_SPEC = """\
activeDeadlineSeconds: ${limit}  # of all tries: twice the --deadline, and five minutes for nodes and images
backoffLimit: ${retries}  # after 10 s, 20 s, 40 s; only what is worth a retry gets this far
podFailurePolicy:  # made from Lockmaster's exit statuses (docs/exit-codes.md); the first rule that fits counts
  rules:
    - action: Ignore  # the node was drained, or the pod gave way to another: nobody's fault, not counted
      onPodConditions:
        - {type: DisruptionTarget, status: "True"}  # the status is spelt out: older servers do not fill it in
    - action: FailJob  # a retry of these is in vain: failed, half done, history, privileges, settings
      onExitCodes: {containerName: migrate, operator: In, values: [${in_vain}]}
    - action: Count  # worth a retry: not reachable, no turn, stopped
      onExitCodes: {containerName: migrate, operator: In, values: [${retry}]}
${ttl}
template:
  metadata:
    labels:
      app.kubernetes.io/name: ${name}  # not the application's: the Service must not find these pods
      app.kubernetes.io/component: migration
    ${annotations}
  spec:
    ${pod}
"""
TTL = "ttlSecondsAfterFinished: 86400  # ${why}\n"
_KEPT = "its log stays for a day. Nobody waits for the Job: the gate asks the database"


def job(wish: Wish, *, name: str = "", why: str = "", annotations: str = "", ttl: str = _KEPT) -> str:
    """A Job, named by `name`, or by its content: then the same template has the same name, and another one another."""
    spec = fill(
        _SPEC, limit=str(wish.limit), retries=str(RETRIES), in_vain=_listed(codes.in_vain()),
        retry=_listed(codes.worth_a_retry()), ttl=fill(TTL, why=ttl) if ttl else "", name=f"{wish.name}-migrate",
        annotations=pods.pod_annotations(wish), pod=pods.migration(wish),
    )  # fmt: skip
    title = name or content_name(wish, spec)
    head = "apiVersion: batch/v1\nkind: Job\n${metadata}\nspec:\n  ${spec}\n"
    labels = metadata(wish, title, component="migration", why=why, annotations=annotations)
    return fill(head, metadata=labels, spec=spec)


def content_name(wish: Wish, spec: str) -> str:
    """A Job's template cannot be changed: a name made from all of its spec never asks for that."""
    from ruamel.yaml import YAML

    read = YAML(typ="safe", pure=True).load(spec)
    digest = hashlib.sha256(json.dumps(read, sort_keys=True).encode()).hexdigest()[:10]
    return f"{wish.name}-migrate-{digest}"


def _listed(statuses: list[int]) -> str:
    return ", ".join(map(str, statuses))
