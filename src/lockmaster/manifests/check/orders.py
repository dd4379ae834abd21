"""What is there before what: Helm hooks with their weights, Argo CD's phases and waves.

Helm sorts the hooks of a moment by weight, then by kind, then by name; everything that is no hook comes after the
pre-hooks. Argo CD takes Helm's hooks for its own where an object has none of Argo's: pre-install and pre-upgrade are
PreSync.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.facts import number

if TYPE_CHECKING:
    from lockmaster.manifests.objects import Object

HELM, WEIGHT, DELETE = "helm.sh/hook", "helm.sh/hook-weight", "helm.sh/hook-delete-policy"
ARGO, WAVE, ARGO_DELETE = (
    "argocd.argoproj.io/hook",
    "argocd.argoproj.io/sync-wave",
    "argocd.argoproj.io/hook-delete-policy",
)


def helm(item: Object) -> tuple[str, ...]:
    """The moments of a Helm hook; empty for what is none."""
    return _split(item.annotation(HELM))


def argo(item: Object) -> tuple[str, ...]:
    """The phases of an Argo CD hook; empty for what is none."""
    return _split(item.annotation(ARGO))


def hook(item: Object) -> bool:
    """Whether it is a hook, of Helm or of Argo CD."""
    return bool(helm(item) or argo(item))


def weight(item: Object) -> int:
    """Helm's weight."""
    return number(item.annotation(WEIGHT))


def wave(item: Object) -> int:
    """Argo CD's wave; where it has none, Helm's weight."""
    return number(item.annotation(WAVE) or item.annotation(WEIGHT))


def before(user: Object, used: Object) -> str:
    """Why `used` is not there yet when `user` needs it; empty where it is."""
    if argo(user):
        return _argo(user, used)
    moments = helm(user)
    if "pre-install" in moments:
        return _helm(user, used)
    if not moments and not hook(used) and wave(user) < wave(used):
        return f"its sync wave {wave(used)} comes after {wave(user)}"
    return ""


def _helm(user: Object, used: Object) -> str:
    theirs = helm(used)
    if not theirs:
        return "it is no hook, so that it is made after all pre-install hooks"
    if "pre-install" not in theirs:
        return f"it is a hook of {', '.join(theirs)}"
    if weight(used) > weight(user):
        return f"its hook weight {weight(used)} comes after {weight(user)}"
    return ""


def _argo(user: Object, used: Object) -> str:
    if "PreSync" not in argo(user):
        return ""
    first = "PreSync" in argo(used) or (not argo(used) and {"pre-install", "pre-upgrade"} & set(helm(used)))
    if not first:
        return "it is no PreSync hook, so that it is made after all of them"
    if wave(used) > wave(user):
        return f"its sync wave {wave(used)} comes after {wave(user)}"
    return ""


def _split(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())
