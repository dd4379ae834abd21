"""`amqp://user:password@host:port/vhost`, `amqps://`: the broker opens a connection and a channel in that virtual host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lockmaster.prepare.steps.wait.address import address, password
from lockmaster.prepare.steps.wait.looking import Look, NotReadyError, Seen, Target
from lockmaster.prepare.steps.wait.net import connect, tls

if TYPE_CHECKING:
    from lockmaster.prepare.steps.wait.spec import Wanted

_REPLY = re.compile(r"\([0-9]+\) '([^']*)'")  # the broker's words, where pika gives them as text
_PORTS = {"amqp": 5672, "amqps": 5671}


def check(wanted: Wanted) -> str:
    """What to call it. Raises UsageError."""
    return address(wanted, _PORTS[wanted.url.partition(":")[0].lower()]).shown


def probe(target: Target, look: Look) -> Seen:
    """Connect with the login, open a channel."""
    import logging

    import pika  # type: ignore[import-untyped]
    from pika.adapters.utils.connection_workflow import AMQPConnectorException  # type: ignore[import-untyped]

    logging.getLogger("pika").setLevel(logging.CRITICAL + 1)  # it writes to stderr what it raises as well
    place = address(target.wanted, _PORTS[target.wanted.url.partition(":")[0].lower()])
    # what pika cannot tell well is told by a connection of our own first: refused, unknown, unreachable
    connect(place.host, place.port, look).close()
    look.doing = "login"
    options: dict[str, Any] = {}
    if place.scheme == "amqps":
        options["ssl_options"] = pika.SSLOptions(tls(target), place.host)
    parameters = pika.ConnectionParameters(
        host=place.host, port=place.port, virtual_host=unquote(place.path[1:]) or "/",
        credentials=pika.PlainCredentials(place.user or "guest", password(target, place.password) or "guest"),
        connection_attempts=1, socket_timeout=look.left(), stack_timeout=look.left(),
        blocked_connection_timeout=look.seconds, heartbeat=0, **options,
    )  # fmt: skip
    try:
        connection = pika.BlockingConnection(parameters)
        connection.channel()
        connection.close()
    except (pika.exceptions.AMQPError, AMQPConnectorException) as error:
        raise _failed(error) from error
    return Seen(ready=True)


def _failed(error: BaseException) -> Exception:
    """The broker's own words, out of what pika wraps around them."""
    from pika import exceptions

    inner: Any = error
    while isinstance(getattr(inner, "args", None), tuple) and inner.args:
        following = getattr(inner.args[0], "exception", inner.args[0])
        if not isinstance(following, BaseException):
            break
        inner = following
    if isinstance(inner, exceptions.ConnectionClosedByBroker | exceptions.ChannelClosedByBroker):
        return NotReadyError(inner.reply_text)
    if isinstance(inner, OSError):
        return inner
    if "imeout" in type(inner).__name__ or "timed out" in str(inner).lower():
        return TimeoutError()
    text = str(inner.args[-1]) if getattr(inner, "args", ()) else ""
    quoted = _REPLY.search(text)
    return NotReadyError(quoted[1] if quoted else text or type(inner).__name__)
