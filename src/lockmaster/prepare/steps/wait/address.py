"""`scheme://user:password@host:port/path?query` in parts, for the kinds whose clients do not read URLs themselves."""

from __future__ import annotations

from urllib.parse import unquote

from lockmaster.errors import UsageError
from lockmaster.settings.secret import HIDDEN, mask, mask_url
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.prepare.steps.wait.looking import Target
    from lockmaster.prepare.steps.wait.spec import Wanted


class Address(NamedTuple):
    """A URL's parts, decoded where they are not handed on as they are. Do not print it: it holds the password."""

    scheme: str
    user: str
    password: str
    host: str
    port: int
    path: str  # as written, with its slash
    query: str  # as written
    shown: str


def shown(url: str) -> str:
    """A URL that may be wrong in any way, as it may be shown."""
    return mask_url(url) if "@" in url else mask(url)


def address(wanted: Wanted, port: int = 0) -> Address:
    """The parts of a target's URL. Raises UsageError, without a secret. `port` is the default, 0 where there is none."""
    first, *others = addresses(wanted, port)
    if others:
        raise UsageError(f"{first.shown} has more than one host", hint="each is a target of its own")
    return first


def addresses(wanted: Wanted, port: int) -> list[Address]:
    """The same for a URL with a list of hosts: one for each, which differ in host and port."""
    scheme, _, rest = wanted.url.partition("://")
    if not rest:
        raise UsageError(f"{shown(wanted.url)!r} is not whole", hint=f"{scheme.partition(':')[0]}://HOST:PORT")
    place, _, query = rest.partition("#")[0].partition("?")
    netloc, slash, path = place.partition("/")
    login, _, where = netloc.rpartition("@")
    user, colon, password = login.partition(":")
    masked = f"{user}{':' + HIDDEN if colon else ''}@" if login else ""
    masked = mask(f"{scheme}://{masked}{where}{slash}{path}" + (f"?{query}" if query else ""))
    parts = (scheme.lower(), wanted.user or unquote(user), wanted.password or unquote(password))
    found = []
    for item in where.split(","):
        host, number = _place(item, wanted)
        if not number and not port:
            raise UsageError(f"{masked} has no port", hint=f"{scheme}://{item}:PORT")
        found.append(Address(*parts, host, number or port, slash + path, query, masked))
    return found


def _place(where: str, wanted: Wanted) -> tuple[str, int]:
    """Host and port, 0 if it has none."""
    if where.startswith("["):
        host, closed, rest = where[1:].partition("]")
        good = bool(closed) and ":" in host and (not rest or rest.startswith(":"))
        port = rest[1:]
    else:
        host, colon, port = where.partition(":")
        host = unquote(host)
        good = not (colon and not port) and ("/" in host or _could_be_a_name(host))
    if not good or not host or (port and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536)):
        hint = "a '@', '/', '#' or '?' in a password is percent-encoded; IPv6 addresses stand in [brackets]"
        raise UsageError(f"{shown(wanted.url)!r} has no host and port that can be read", hint=hint)
    return host, int(port or 0)


def _could_be_a_name(host: str) -> bool:
    """Whether a name server could know it."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return ":" not in host


def password(target: Target, own: str) -> str:
    """The password: from its file, read now, or as it is."""
    if not target.wanted.password_file:
        return own
    import os

    with open(os.path.join(target.folder, target.wanted.password_file), encoding="utf-8") as file:
        return file.read(1 << 16).rstrip("\r\n")
