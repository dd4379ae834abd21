"""Requests on the side of a migration: to the API server of the pod we are in, in as little CPU as can be.

Python's own client, and not lightkube's as in `api`: that one costs 120 ms of CPU to load and this one 28 (measured),
which is more than a second beside the migration in a container that has a tenth of a core; and it needs no extra, so
that Events come by themselves. Only the pod's own service account: no kubeconfig.
"""

from __future__ import annotations

import http.client
import json
import ssl
from typing import TYPE_CHECKING, Any

from lockmaster.kube.login import SERVICE_ACCOUNT
from lockmaster.kube.whoami import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    Json = dict[str, Any]

_MOST = 4 << 20  # bytes of an answer: no object is larger than 2 MiB, and the container may have 64
SECONDS = 3.0  # for connecting, and for each silence after it


class AsideError(Exception):
    """Nothing came of it; the text says why."""


class Asides:
    """One connection, opened when it is needed, and again after a failure. For one thread."""

    def __init__(self, environ: Mapping[str, str], account: str = SERVICE_ACCOUNT) -> None:
        self._host = environ.get("KUBERNETES_SERVICE_HOST", "")
        self._port = int(environ.get("KUBERNETES_SERVICE_PORT") or 443)
        self._account = account
        self._connection: http.client.HTTPSConnection | None = None

    def request(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        """The status and the answer, whatever they are. Raises AsideError when there is none."""
        kept = self._connection is not None
        try:
            return self._once(method, path, body)
        except (OSError, ValueError, http.client.HTTPException) as error:
            self.close()
            if not kept or isinstance(error, TimeoutError):
                raise AsideError(_why(error)) from error
        try:  # a connection that was idle for long may have been closed by the other side
            return self._once(method, path, body)
        except (OSError, ValueError, http.client.HTTPException) as error:
            self.close()
            raise AsideError(_why(error)) from error

    def _once(self, method: str, path: str, body: Json | None) -> tuple[int, Json]:
        if self._connection is None:
            trust = ssl.create_default_context(cafile=f"{self._account}/ca.crt")
            # what Python 3.13 asks of a certificate beyond the standard's word, many a cluster's own authority has not
            trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
            self._connection = http.client.HTTPSConnection(self._host, self._port, timeout=SECONDS, context=trust)
        token = text(f"{self._account}/token")  # each time: the kubelet writes new ones
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self._connection.getresponse()
        data = answer.read(_MOST + 1)
        if len(data) > _MOST:
            raise http.client.HTTPException
        found = json.loads(data or b"{}")
        return answer.status, found if isinstance(found, dict) else {}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return getattr(error, "verify_message", "") or error.strerror.lower()
    return "what answers is no API server"
