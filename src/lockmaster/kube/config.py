"""One value of a ConfigMap or a Secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from lockmaster.clock import pauses
from lockmaster.errors import AccessDeniedError, StepFailedError, UnreachableError
from lockmaster.kube.access import Access
from lockmaster.kube.api import NoAnswerError
from lockmaster.kube.asking import GRACE
from lockmaster.kube.kinds import CONFIGMAP, SECRET

if TYPE_CHECKING:
    from lockmaster.clock import Clock, Deadline
    from lockmaster.kube.api import Api


Which = Literal["configmap", "secret"]


def once(api: Api, which: Which, name: str, key: str, namespace: str = "") -> bytes:
    """The value, as it stands now. Raises as `read` does, and NoAnswerError for what may pass."""
    kind = SECRET if which == "secret" else CONFIGMAP
    place = namespace or api.namespace
    found = api.get(f"{kind.path(place)}/{name}", (Access(kind.group, kind.resource, ("get",), place, name),))
    shown = f"{kind.name} {place}/{name}"
    if found is None:
        raise StepFailedError(f"there is no {shown}", hint=f"kubectl -n {place} get {kind.resource}")
    return _value(found, key, shown)


def read(
    api: Api, which: Which, name: str, key: str, *, namespace: str = "", clock: Clock, deadline: Deadline
) -> bytes:
    """The value. An API server that cannot be asked is asked again until the deadline.

    Raises StepFailedError when there is no such object or key, AccessDeniedError with the rule that is missing (some
    seconds later: it may come), UnreachableError. No error holds a value.
    """
    pause, began = pauses(0.5, 10.0), clock.now()
    while True:
        try:
            return once(api, which, name, key, namespace)
        except AccessDeniedError:
            if clock.now() - began >= GRACE or deadline.over():
                raise
            wait = min(2.0, next(pause))
        except NoAnswerError as error:
            if deadline.over():
                raise UnreachableError(f"the Kubernetes API server cannot be asked: {error}") from error
            wait = max(next(pause), error.pause)
        clock.sleep(min(wait, deadline.left()))


def _value(found: dict[str, Any], key: str, shown: str) -> bytes:
    from base64 import b64decode

    plain, encoded = found.get("data") or {}, found.get("binaryData") or {}
    if found.get("kind") == "Secret":
        plain, encoded = {}, plain
    if key in plain:
        return str(plain[key]).encode()
    if key in encoded:
        return b64decode(encoded[key])
    keys = ", ".join(sorted([*plain, *encoded]))
    raise StepFailedError(f"{shown} has no key {key!r}", hint=f"it has {keys}" if keys else "it is empty")
