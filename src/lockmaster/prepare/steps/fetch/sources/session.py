"""How requests is used by the clients that stand on it: time limits, the client certificate, no step down from TLS."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from lockmaster.errors import StepFailedError

if TYPE_CHECKING:
    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.fetch.spec import Fetch


def prepare(session: Any, spec: Fetch, context: Context) -> Any:
    """The session, made careful. It drops Authorization by itself when it is sent to another host."""
    target = session.get_redirect_target

    def safe(answer: Any) -> Any:
        location = target(answer)
        if location and answer.url.startswith("https:") and location.startswith("http:"):
            raise StepFailedError("it redirects from https to http, which is not safe", hint="ask for the place itself")
        return location

    session.get_redirect_target = safe
    session.max_redirects = 10
    session.request = partial(session.request, timeout=(10.0, spec.stall))
    if spec.cert:
        session.cert = (context.path(spec.cert), context.path(spec.key))
    return session
