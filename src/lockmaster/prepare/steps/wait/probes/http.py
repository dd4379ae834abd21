"""`http://`, `https://`, `http+unix://%2Frun%2Fapp.sock/path`: a GET has the right status and, where asked, the right body.

Plain HTTP/1.1 by the standard library: no proxy is used, no redirect is followed (a 302 is a status like any other), and
one limit holds for all of a look, so that a body that drips is not waited for.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING
from urllib.parse import quote

from lockmaster.errors import UsageError
from lockmaster.prepare.steps.wait.address import Address, address, password
from lockmaster.prepare.steps.wait.looking import Look, NotReadyError, Seen, Target
from lockmaster.prepare.steps.wait.net import Line, connect, secured, tls
from lockmaster.prepare.steps.wait.patterns import compiled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.client import HTTPConnection, HTTPResponse

    from lockmaster.prepare.steps.wait.spec import Wanted

_MOST = 1 << 20  # bytes of a body that are looked at
_PORTS = {"http": 80, "https": 443, "http+unix": 80}
_STATUS = re.compile(r"([1-5])xx|([1-5][0-9][0-9])(?:-([1-5][0-9][0-9]))?", re.ASCII)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)


def check(wanted: Wanted) -> str:
    """What to call it. Raises UsageError."""
    place = _place(wanted)
    list(_ranges(wanted.status))
    compiled(wanted.body, "body")
    for name, value in (wanted.headers or {}).items():
        if not _TOKEN.fullmatch(name) or set(value) & {"\r", "\n", "\0"} or not value.isprintable():
            raise UsageError(f"{name!r} cannot be sent as a header", hint="a name without blanks, a value in one line")
    return place.shown


def probe(target: Target, look: Look) -> Seen:
    """One request over a connection of its own."""
    from http.client import HTTPConnection, HTTPException, RemoteDisconnected

    place = _place(target.wanted)
    context = tls(target) if place.scheme == "https" else None
    connection = connect(place.host, place.port, look)
    if context:
        connection = secured(connection, context, place.host, look)
    client = HTTPConnection(place.host, place.port)
    client.sock = Line(connection, look)
    look.doing = "GET"
    try:
        _ask(client, target, place)
        return _judged(client.getresponse(), target.wanted)
    except RemoteDisconnected as error:
        raise EOFError from error
    except HTTPException as error:
        raise NotReadyError(f"what it answers is no HTTP ({type(error).__name__})") from error
    finally:
        client.close()
        connection.close()


def _ask(client: HTTPConnection, target: Target, place: Address) -> None:
    client.putrequest("GET", _escaped(place), skip_host=True, skip_accept_encoding=True)
    headers = {"host": _host(place), "accept": "*/*", "accept-encoding": "identity", "user-agent": "lockmaster"}
    if place.user or place.password or target.wanted.password_file:
        from base64 import b64encode

        login = f"{place.user}:{password(target, place.password)}"
        headers["authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    headers |= {name.lower(): value for name, value in (target.wanted.headers or {}).items()}
    for name, value in (headers | {"connection": "close"}).items():
        client.putheader(name.title(), value.encode())
    client.endheaders()


def _escaped(place: Address) -> str:
    """Path and query as they may be sent; what is percent-encoded already stays."""
    query = f"?{place.query}" if place.query else ""
    return quote((place.path or "/") + query, safe=string.punctuation)


def _judged(response: HTTPResponse, wanted: Wanted) -> Seen:
    state = f"status {response.status}"
    if not any(response.status in codes for codes in _ranges(wanted.status)):
        if 300 <= response.status < 400 and (where := response.getheader("location", "")):
            state += f", a redirect to {where.partition('?')[0][:200]}, which is not followed"
        raise NotReadyError(state)
    if wanted.body and not re.search(wanted.body, _text(response)):
        raise NotReadyError(f"{state}, and the body has nothing that matches {wanted.body}")
    return Seen(ready=True, state=state)


def _text(response: HTTPResponse) -> str:
    charset = response.headers.get_content_charset("utf-8")
    try:
        return _body(response).decode(charset, "replace")
    except LookupError:  # a charset that nobody knows
        raise NotReadyError(f"status {response.status}, and its charset {charset!r} is unknown") from None


def _body(response: HTTPResponse) -> bytes:
    """The body, or its first megabyte. One that ends too early is none."""
    from http.client import IncompleteRead

    parts: list[bytes] = []
    left = _MOST
    try:
        while left > 0 and (part := response.read1(min(left, 65536))):
            parts.append(part)
            left -= len(part)
    except IncompleteRead as error:
        raise NotReadyError(f"status {response.status}, and the body ends too early") from error
    if left > 0 and response.length:  # `read1` takes the end of the connection for the end of the body
        raise NotReadyError(f"status {response.status}, and the body ends too early")
    return b"".join(parts)


def _ranges(status: int | str) -> Iterator[range]:
    for part in str(status).split(","):
        found = _STATUS.fullmatch(part.strip())
        if not found:
            raise UsageError(f"{part.strip()!r} is not a status", hint="write for example 200, 2xx, 200-299 or 200,401")
        hundred, first, last = found.groups()
        if hundred:
            yield range(int(hundred) * 100, int(hundred) * 100 + 100)
        else:
            yield range(int(first), int(last or first) + 1)


def _place(wanted: Wanted) -> Address:
    scheme = wanted.url.partition(":")[0].lower()
    place = address(wanted, _PORTS[scheme])
    if (scheme == "http+unix") != place.host.startswith("/"):
        raise UsageError(f"{place.shown} has no host that can be read", hint="http+unix://%2Frun%2Fapp.sock/health")
    return place


def _host(place: Address) -> str:
    if place.host.startswith("/"):
        return "localhost"
    host = f"[{place.host}]" if ":" in place.host else place.host.encode("idna").decode()
    return host if place.port == _PORTS[place.scheme] else f"{host}:{place.port}"
