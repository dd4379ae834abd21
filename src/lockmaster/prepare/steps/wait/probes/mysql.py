"""`mysql://user:password@host:port/db`, `mariadb://`: a session is given and answers SELECT 1.

TLS as the server's own client has it: used where the server offers it, and needed, with its certificate checked, where
`ca` is given. Parameters of the URL are those of other clients (pools, ORMs) and mean nothing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lockmaster.prepare.steps.wait.address import address, password
from lockmaster.prepare.steps.wait.looking import Look, NotReadyError, Seen, Target
from lockmaster.prepare.steps.wait.net import connect, tls

if TYPE_CHECKING:
    from lockmaster.prepare.steps.wait.spec import Wanted

_PORT = 3306


def check(wanted: Wanted) -> str:
    """What to call it. Raises UsageError."""
    return address(wanted, _PORT).shown


def probe(target: Target, look: Look) -> Seen:
    """Connect, and ask the smallest question."""
    import pymysql  # type: ignore[import-untyped]

    place = address(target.wanted, _PORT)
    wanted = target.wanted
    more: dict[str, Any] = {"ssl": tls(target)} if wanted.ca or wanted.cert or wanted.insecure else {}
    connection = pymysql.connections.Connection(
        host=place.host, port=place.port, user=place.user or None, password=password(target, place.password),
        database=unquote(place.path.strip("/")) or None, defer_connect=True,
        read_timeout=look.seconds, write_timeout=look.seconds, **more,
    )  # fmt: skip
    try:
        socket = connect(place.host, place.port, look)
        look.doing = "login"
        connection.connect(socket)
        look.doing = "SELECT 1"
        connection.query("SELECT 1")
    except (pymysql.MySQLError, RuntimeError) as error:  # RuntimeError: a login for which a package is missing
        raise _failed(error) from error
    finally:
        connection._force_close()  # noqa: SLF001 - `close` would say goodbye first, to a server that may be silent
    return Seen(ready=True)


def _failed(error: Exception) -> Exception:
    """The server's text; an error of the network is itself."""
    for inner in (error.__cause__, error.__context__, getattr(error, "original_exception", None)):
        if isinstance(inner, OSError):
            return inner
    text = str(error.args[-1]) if error.args else type(error).__name__
    if error.args[:1] == (2013,):  # lost while reading: by the limit, or by the other side
        return TimeoutError() if "timed out" in text else EOFError()
    return NotReadyError(text)
