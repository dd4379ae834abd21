"""The containers that are put in."""

from __future__ import annotations

import copy
from typing import Any

from lockmaster.manifests import names
from lockmaster.manifests.objects import mapping

# No more than most applications ask for, so that the pod as a whole asks for nothing more.
_RESOURCES = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}}
_COPIED = ("runAsUser", "runAsGroup", "runAsNonRoot", "seLinuxOptions", "seccompProfile", "appArmorProfile")
_BASE = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
_POD = (("POD_NAME", "metadata.name"), ("POD_UID", "metadata.uid"))


def ours(name: str, image: str, command: list[str]) -> dict[str, Any]:
    """A container of Lockmaster's image."""
    return {
        "name": name,
        "image": image,
        "command": command,
        "resources": resources(),
        "securityContext": hardened(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def of_app(name: str, app: dict[str, Any], command: list[str]) -> dict[str, Any]:
    """A container of the application's image, as the application's user."""
    made: dict[str, Any] = {"name": name, "image": app.get("image")}
    for field in ("imagePullPolicy", "workingDir"):
        if app.get(field):
            made[field] = app[field]
    made |= {"command": command, "resources": resources()}
    context = mapping(app.get("securityContext"))
    made["securityContext"] = {key: copy.deepcopy(context[key]) for key in _COPIED if key in context} | copy.deepcopy(
        _BASE
    )
    made["terminationMessagePolicy"] = "FallbackToLogsOnError"
    return made


def resources() -> dict[str, Any]:
    """What Lockmaster needs, and may use."""
    return copy.deepcopy(_RESOURCES)


def hardened() -> dict[str, Any]:
    """What a container of Lockmaster's image may: next to nothing."""
    who = {"runAsNonRoot": True, "runAsUser": names.USER, "runAsGroup": names.USER}
    return {**who, **copy.deepcopy(_BASE), "seccompProfile": {"type": "RuntimeDefault"}}


def pod_variables(there: list[Any]) -> list[dict[str, Any]]:
    """By which the pod is known in the database's sessions; those that are not there yet."""
    known = {mapping(item).get("name") for item in there}
    return [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in _POD if name not in known]
