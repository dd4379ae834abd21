"""`redis://[user][:password]@host:port/db`, `rediss://` with TLS: PING is answered with PONG.

The protocol's few lines are written here: AUTH, SELECT, PING. A server that is loading its data, wants a password or has
lost its master says so in its own words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.prepare.steps.wait.address import address, password
from lockmaster.prepare.steps.wait.looking import Look, NotReadyError, Seen, Target
from lockmaster.prepare.steps.wait.net import Line, connect, secured, tls

if TYPE_CHECKING:
    import io

    from lockmaster.prepare.steps.wait.spec import Wanted

_PORT = 6379
_LONGEST = 4096  # bytes of an answer


def check(wanted: Wanted) -> str:
    """What to call it. Raises UsageError."""
    place = address(wanted, _PORT)
    if place.user and not (place.password or wanted.password_file):
        raise UsageError(f"{place.shown} has a user and no password", hint="redis://:PASSWORD@HOST has only a password")
    database = place.path.strip("/")
    if database and not (database.isascii() and database.isdigit()):
        raise UsageError(f"{place.shown}: {database!r} is not the number of a database", hint=f"redis://{place.host}/0")
    return place.shown


def probe(target: Target, look: Look) -> Seen:
    """AUTH where there is a password, SELECT where there is a number, PING."""
    place = address(target.wanted, _PORT)
    secret = password(target, place.password)
    context = tls(target) if place.scheme == "rediss" else None
    connection = connect(place.host, place.port, look)
    if context:
        connection = secured(connection, context, place.host, look)
    with connection:
        line = Line(connection, look)
        answers = line.makefile()
        if secret:
            _say(line, answers, look, "AUTH", *filter(None, [place.user, secret]))
        if place.path.strip("/"):
            _say(line, answers, look, "SELECT", place.path.strip("/"))
        answer = _say(line, answers, look, "PING")
    if answer != "PONG":
        raise NotReadyError(f"PING: it answers {answer[:200]!r}")
    return Seen(ready=True)


def _say(line: Line, answers: io.BufferedReader, look: Look, *words: str) -> str:
    """The answer to a command. Raises NotReadyError with the server's own words, EOFError."""
    look.doing = words[0]
    data = [word.encode() for word in words]
    line.sendall(b"*%d\r\n" % len(data) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in data))
    answer = answers.readline(_LONGEST)
    if not answer.endswith(b"\r\n"):
        if not answer:
            raise EOFError
        raise NotReadyError(f"{words[0]}: what it answers is not Redis")
    kind, text = answer[:1], answer[1:-2].decode("utf-8", "replace")
    if kind == b"-":
        raise NotReadyError(text)
    if kind != b"+":
        raise NotReadyError(f"{words[0]}: what it answers is not Redis")
    return text
