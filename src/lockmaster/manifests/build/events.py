"""What Events about migrations need: a token that only our containers have, and a Role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.build.fill import fill, scalar

if TYPE_CHECKING:
    from lockmaster.manifests.build.wish import Wish

_NAME = "lockmaster-token"
_MOUNT = f"- {{name: {_NAME}, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}}\n"
_VOLUME = f"""\
- name: {_NAME}  # what automountServiceAccountToken would give to every container of the pod, the application's too
  projected:
    sources:
      - serviceAccountToken: {{path: token, expirationSeconds: 3600}}
      - configMap:
          name: kube-root-ca.crt
          items:
            - {{key: ca.crt, path: ca.crt}}
      - downwardAPI:
          items:
            - path: namespace
              fieldRef: {{fieldPath: metadata.namespace}}
"""
_ROLE = """\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
${metadata}
rules:  # each one that is missing takes away what is said, and nothing else
  - apiGroups: [""]  # to tell
    resources: [events]
    verbs: [create]
  - apiGroups: [""]  # to find the pod's owner, and to see that the pod which has the turn is gone
    resources: [pods]
    verbs: [get]
  - apiGroups: [apps]  # to find the Deployment above a ReplicaSet
    resources: [replicasets]
    verbs: [get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
${metadata}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: ${name}
subjects:
  - kind: ServiceAccount
    name: ${account}
"""


def mount(wish: Wish) -> str:
    """The token, in a container of ours."""
    return _MOUNT if wish.events else ""


def volume(wish: Wish) -> str:
    """The token, as the kubelet makes it and renews it."""
    return _VOLUME if wish.events else ""


def role(wish: Wish, account: str, metadata: str) -> str:
    """A Role of the account's own, and that it has it."""
    return fill(_ROLE, metadata=metadata, name=f"{account}-events", account=scalar(account)) if wish.events else ""
