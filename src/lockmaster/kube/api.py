"""Requests to the API server, with what may go wrong sorted by what to do about it.

    None                   404: it is not there, which is a state and no error
    AccessDeniedError      401, 403: with the rule that is missing; may be granted any moment
    NoAnswerError          not reachable, too busy, starting: to be tried again
    ConflictError          409: somebody else wrote in between, or made it first
    ExpiredError           410: the version that a watch was to start at is too old
    StepFailedError        what was asked makes no sense to the server

Objects are plain dictionaries, as they come. The way there (TLS, tokens and their rotation, kubeconfigs) is lightkube's.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from lockmaster.errors import LockmasterError, StepFailedError
from lockmaster.kube import access
from lockmaster.kube.login import login

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lightkube.config.kubeconfig import SingleConfig

    Json = dict[str, Any]

_SECONDS = 10.0  # for one request


class NoAnswerError(Exception):
    """The API server cannot be asked right now. The text says why; `pause` is what it asked for, in seconds."""

    def __init__(self, text: str, pause: float = 0.0) -> None:
        super().__init__(text)
        self.pause = pause


class ConflictError(Exception):
    """Somebody else was faster."""


class ExpiredError(Exception):
    """A watch cannot go on from where it was: look again, and watch from there."""


class Api:
    """The API server, as one user. Threads may share it. Nothing is sent before the first request."""

    def __init__(self, config: SingleConfig) -> None:
        from lightkube.config.client_adapter import Client, ConnectionParams
        from lightkube.exceptions import ConfigError

        self.namespace: str = config.namespace
        self._lock, self._users, self._closed = threading.Lock(), 0, False
        try:
            self._http: Any = Client(config, ConnectionParams(timeout=None))
        except (OSError, ConfigError) as error:  # a certificate that is not there, or none
            raise StepFailedError(f"Kubernetes: {error}", hint="look at the files that the kubeconfig names") from error

    def request(
        self,
        method: str,
        path: str,
        rights: tuple[access.Access, ...] = (),
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        seconds: float = _SECONDS,
    ) -> Json | None:
        """The answer, None when there is no such thing. `rights` are told when they are missing."""
        import httpx2
        from lightkube.exceptions import ConfigError

        content, headers = None, None
        if body is not None:
            content, headers = msgspec.json.encode(body), {"Content-Type": "application/json"}
        try:
            with self._using():
                answer = self._http.request(
                    method, path, params=params, content=content, headers=headers, timeout=max(0.1, seconds)
                )
        except (httpx2.RequestError, ConfigError, OSError) as error:
            raise NoAnswerError(_why(error)) from error
        if answer.status_code == 404 and (_status(answer.content) or _is_discovery(path)):
            return None
        _raise_for(answer.status_code, answer.content, answer.headers, rights, _verb(method, rights))
        found = _status(answer.content)
        if not found:  # a login page, a load balancer
            raise NoAnswerError("what answers is no API server")
        return found

    def get(self, path: str, rights: tuple[access.Access, ...] = (), **more: Any) -> Json | None:
        return self.request("GET", path, rights, **more)

    def watch(
        self, path: str, rights: tuple[access.Access, ...], params: Mapping[str, str], seconds: int
    ) -> Iterator[tuple[str, Json]]:
        """What happens, as (ADDED | MODIFIED | DELETED | BOOKMARK, object), for about so many seconds. One request.

        The first is OPENED, without an object: from here on the server tells what happens.

        A network that swallows everything is noticed some seconds after them.
        """
        import httpx2
        from lightkube.exceptions import ConfigError

        asked = {**params, "watch": "true", "timeoutSeconds": str(seconds)}
        timeout = httpx2.Timeout(_SECONDS, read=seconds + 5.0)
        try:
            with self._using(), self._http.stream("GET", path, params=asked, timeout=timeout) as answer:
                if answer.status_code != 200:
                    _raise_for(answer.status_code, answer.read(), answer.headers, rights, "watch")
                yield "OPENED", {}
                for line in answer.iter_lines():
                    event = msgspec.json.decode(line)
                    if event["type"] == "ERROR":
                        _raise_for(event["object"].get("code", 500), line, {}, rights, "watch", event["object"])
                    yield event["type"], event["object"]
        except (httpx2.RequestError, ConfigError, OSError) as error:
            raise NoAnswerError(_why(error)) from error
        except msgspec.DecodeError as error:  # cut off in the middle of a line
            raise NoAnswerError("its answer was cut short") from error

    def close(self) -> None:
        """Give the connections back. What another thread is in, a watch too, goes on to its end, and they go then.

        Closed under it, its socket's number may be somebody else's at once, whose bytes it would read.
        """
        with self._lock:
            self._closed = True
            if self._users:
                return
        self._http.close()

    @contextmanager
    def _using(self) -> Iterator[None]:
        with self._lock:
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                last = self._closed and not self._users
            if last:
                self._http.close()


def connect(environ: Mapping[str, str], **more: str) -> Api:
    """The API server that the environment names. Raises UsageError."""
    return Api(login(environ, **more))


def _raise_for(
    code: int,
    content: bytes,
    headers: Mapping[str, str],
    rights: tuple[access.Access, ...],
    verb: str,
    status: Json | None = None,
) -> None:
    if code < 300:
        return
    said = str((status or _status(content)).get("message") or "")
    if code == 401:
        raise access.unknown(said)
    if code == 403 and rights:
        raise access.forbidden(rights, said, verb)
    if code == 409:
        raise ConflictError(said)
    if code == 410:
        raise ExpiredError(said)
    if code == 429 or code >= 500 or code == 404:  # a 404 that no API server wrote, or of a kind that is no more
        pause = headers.get("retry-after", "")
        raise NoAnswerError(said or f"status {code}", float(pause) if pause.isdigit() else 0.0)
    raise _refused(code, said)


def _refused(code: int, said: str) -> LockmasterError:
    return StepFailedError(f"the Kubernetes API server refused: {said or f'status {code}'}", hint="")


def _is_discovery(path: str) -> bool:
    """Whether a path asks for a group or its version: there an unknown one is a 404 in plain text.

    For an object that is the 404 of something else than an API server, and must not count as `not there`.
    """
    return path.startswith("/apis/") and path.count("/") <= 3


def _status(content: bytes) -> Json:
    try:
        found = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _verb(method: str, rights: tuple[access.Access, ...]) -> str:
    reading = "list" if rights and "get" not in rights[0].verbs else "get"
    return {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}.get(method, reading)


def _why(error: Exception) -> str:
    """The cause in words that stay the same from try to try."""
    causes: list[BaseException] = [error]
    while (below := causes[-1].__cause__ or causes[-1].__context__) is not None and len(causes) < 8:
        causes.append(below)
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror and not isinstance(cause, TimeoutError):
            return getattr(cause, "verify_message", "") or cause.strerror.lower()
    if "Timeout" in type(error).__name__:
        return "no answer in time"
    return str(error).lower() or "the connection ended"
