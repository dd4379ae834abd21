"""Which pod this process is in, without asking anybody: from its service account's folder and its environment."""

from __future__ import annotations

import os

from lockmaster.kube.login import SERVICE_ACCOUNT
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class Pod(NamedTuple):
    """A pod. `uid` is "" where nothing tells it."""

    namespace: str
    name: str
    uid: str = ""


def in_pod(environ: Mapping[str, str], account: str = SERVICE_ACCOUNT) -> bool:
    """Whether there is an API server to talk to, and a token to do it with."""
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) and os.access(f"{account}/token", os.R_OK)


def whoami(environ: Mapping[str, str], name: str, account: str = SERVICE_ACCOUNT) -> Pod:
    """The pod: as its token has it, which knows better than a host's name; else by `name` and POD_UID."""
    claims = _claims(text(f"{account}/token")).get("kubernetes.io") or {}
    pod = claims.get("pod") or {}
    namespace = claims.get("namespace") or text(f"{account}/namespace") or "default"
    return Pod(namespace, pod.get("name") or name, pod.get("uid") or environ.get("POD_UID", ""))


def _claims(token: str) -> dict[str, Any]:
    """What stands in a token. Not proven, and need not be: the API server does that."""
    import json
    from base64 import urlsafe_b64decode

    body = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        found = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)) or b"{}")
    except ValueError:  # a token of another making
        return {}
    return found if isinstance(found, dict) else {}


def text(path: str) -> str:
    """What stands in a file; "" when it cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""
