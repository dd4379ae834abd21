"""`configmap://[NAMESPACE/]NAME/KEY` and `secret://...`: one value, through the API server with the pod's service account.

A mounted volume is the better way where the names are known when the pod is written; this is for those that are not.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lockmaster.errors import AccessDeniedError, UsageError
from lockmaster.prepare.steps.fetch.ports import Content, Have, Transient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.fetch.spec import Fetch

_GRACE, _PAUSE = 8.0, 2.0  # seconds in which a missing privilege may still come, and between two tries of them


def source(spec: Fetch, context: Context, scratch: str) -> Value:  # noqa: ARG001 - as all sources are made
    return Value(spec.source, context)


class Value:
    """One value. It is always read: no version of it is kept beside the file."""

    def __init__(self, address: str, context: Context) -> None:
        from lockmaster.kube.api import connect

        self.shown, self._context = address, context
        self._which, _, place = address.partition("://")
        parts = [unquote(part) for part in place.split("/")]
        if len(parts) not in (2, 3) or not all(parts):
            form = f"{self._which}://NAME/KEY or {self._which}://NAMESPACE/NAME/KEY"
            raise UsageError(f"{address} names no key of an object", hint=form)
        self._name, self._key = parts[-2:]
        self._namespace = parts[0] if len(parts) == 3 else ""
        self._api = connect(context.environ)
        self._denied_since = 0.0

    @contextmanager
    def open(self, have: Have) -> Iterator[Content]:  # noqa: ARG002 - it is always read
        content = self._read()
        if self._which == "secret":
            self._context.hide(content.decode("utf-8", "replace").rstrip("\r\n"))
        yield Content(iter([content] if content else []), total=len(content))

    def _read(self) -> bytes:
        from lockmaster.kube import config
        from lockmaster.kube.api import NoAnswerError

        which: config.Which = "secret" if self._which == "secret" else "configmap"
        try:
            return config.once(self._api, which, self._name, self._key, self._namespace)
        except NoAnswerError as error:
            raise Transient(f"the Kubernetes API server cannot be asked: {error}", after=error.pause) from error
        except AccessDeniedError as error:
            self._denied_since = self._denied_since or time.monotonic()
            if time.monotonic() - self._denied_since >= _GRACE:
                raise
            raise Transient(error.message, error.hint, _PAUSE) from error
