"""Everything of some kinds in a namespace, or in all of them, as it is now. Secrets are never read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.errors import UnreachableError
from lockmaster.kube.access import Access, ForbiddenError
from lockmaster.kube.api import NoAnswerError
from lockmaster.kube.kinds import Kind, asked, named
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from lockmaster.kube.api import Api, Json

KINDS = (
    *map(named, ("deployment", "statefulset", "daemonset", "job", "cronjob", "pod")),
    Kind("HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers"),
    Kind("Rollout", "argoproj.io", "", "rollouts"),
    Kind("ScaledObject", "keda.sh", "", "scaledobjects"),
    named("namespace"),
)
_PAGE = "250"  # objects in one answer


class Survey(NamedTuple):
    """The objects, and what could not be looked at: a fact with its hint, each."""

    items: list[Json]
    unseen: list[tuple[str, str]]


def survey(api: Api, namespace: str) -> Survey:
    """What is there; `namespace` empty is all of them. A kind that we may not list is told, and left out.

    Raises UnreachableError when the API server does not answer.
    """
    items: list[Json] = []
    unseen: list[tuple[str, str]] = []
    for kind in KINDS:
        try:
            known = asked(kind, api)  # of others than the server's own it knows whether they are there
            items += _all(api, known, namespace) if known else []
        except ForbiddenError as error:
            unseen.append((error.message, error.hint))
        except NoAnswerError as error:
            raise UnreachableError(
                f"the Kubernetes API server cannot be asked: {error}", hint="kubectl cluster-info says more"
            ) from None
    return Survey(items, unseen)


def _all(api: Api, kind: Kind, namespace: str) -> list[Json]:
    if kind.namespaced:
        right = Access(kind.group, kind.resource, ("list",), namespace)
        path = kind.path(namespace) if namespace else kind.path("*").replace("/namespaces/*", "")
        return _pages(api, kind, path, right)
    if not namespace:
        return _pages(api, kind, kind.path(""), Access(kind.group, kind.resource, ("list",)))
    one = api.get(f"{kind.path('')}/{namespace}", (Access(kind.group, kind.resource, ("get",), name=namespace),))
    return [one] if one else []


def _pages(api: Api, kind: Kind, path: str, right: Access) -> list[Json]:
    """All pages of a list."""
    items: list[Json] = []
    params = {"limit": _PAGE}
    while True:
        listed = api.get(path, (right,), params=params) or {}
        for item in listed.get("items") or ():  # a list does not say of each what it is
            item |= {"kind": kind.name, "apiVersion": f"{kind.group}/{kind.version}".removeprefix("/")}
            items.append(item)
        params["continue"] = str((listed.get("metadata") or {}).get("continue") or "")
        if not params["continue"]:
            return items
