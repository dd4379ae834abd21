"""One manifest of each kind that makes pods, with an init container `migrate` (of a Job: the container itself)."""

from __future__ import annotations

import json

_POD = """\
restartPolicy: {restart}
serviceAccountName: web
volumes:
- name: certs
  secret: {{secretName: certs, defaultMode: 0440}}
initContainers:
- name: cloud-sql-proxy   # reaches the database
  image: proxy:2
  restartPolicy: Always
- name: migrate
  image: web:1.4.2
  command: [npx, prisma, migrate, deploy]
  env:
  - {{name: DATABASE_URL, value: "postgres://app@localhost/app?sslrootcert=/certs/ca.pem"}}
  volumeMounts:
  - {{name: certs, mountPath: /certs, readOnly: true}}
containers:
- name: {name}
  image: web:1.4.2
  env:
  - {{name: DATABASE_URL, value: "postgres://app@localhost/app?sslrootcert=/certs/ca.pem"}}
  volumeMounts:
  - {{name: certs, mountPath: /certs, readOnly: true}}
"""
_SELECTED = "selector: {matchLabels: {app: web}}\n"
_KINDS = {
    "Deployment": ("apps/v1", _SELECTED),
    "ReplicaSet": ("apps/v1", _SELECTED),
    "DaemonSet": ("apps/v1", _SELECTED),
    "StatefulSet": ("apps/v1", f"serviceName: web\n{_SELECTED}"),
    "Rollout": ("argoproj.io/v1alpha1", f"strategy: {{canary: {{}}}}\n{_SELECTED}"),
    "Job": ("batch/v1", "backoffLimit: 3\n"),
    "CronJob": ("batch/v1", "schedule: '0 * * * *'\n"),
    "Pod": ("v1", ""),
}
KINDS = tuple(_KINDS)
PLURALS = {kind: f"{kind.lower()}s" for kind in KINDS}
ROLLOUTS = json.loads("""{
  "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "rollouts.argoproj.io"},
  "spec": {
    "group": "argoproj.io", "scope": "Namespaced", "names": {"kind": "Rollout", "plural": "rollouts"},
    "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
      "type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]
  }
}""")


def manifest(kind: str) -> str:
    """The text, with its comments."""
    version, more = _KINDS[kind]
    pod = _POD.format(name="web", restart="Never" if kind in ("Job", "CronJob", "Pod") else "Always")
    head = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n"
    if kind == "Pod":
        return head + _in(pod, 2)
    template = "template:\n  metadata: {labels: {app: web}}\n  spec:\n" + _in(pod, 4)
    if kind == "CronJob":
        return head + _in(more, 2) + "  jobTemplate:\n    spec:\n" + _in(template, 6)
    return head + _in(more + template, 2)


def _in(text: str, spaces: int) -> str:
    return "".join(" " * spaces + line for line in text.splitlines(keepends=True))
