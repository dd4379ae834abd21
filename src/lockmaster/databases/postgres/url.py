"""A database URL, parsed by us and handed to libpq as keywords.

libpq refuses what it does not know (`schema`, `pgbouncer`, `connection_limit`, ...), and reads some of Prisma's
parameters with another meaning (`sslcert` is Prisma's CA). So nothing is passed on as a string.
"""

from __future__ import annotations

from lockmaster.errors import UsageError
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LIBPQ = frozenset(
    [
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "password",
        "passfile",
        "connect_timeout",
        "sslmode",
        "sslrootcert",
        "sslkey",
        "sslcrl",
        "sslcrldir",
        "sslpassword",
        "sslsni",
        "sslnegotiation",
        "sslcertmode",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "requirepeer",
        "channel_binding",
        "require_auth",
        "krbsrvname",
        "gsslib",
        "gssencmode",
        "target_session_attrs",
        "load_balance_hosts",
        "service",
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        "application_name",
    ]
)
# libpq itself refuses some of these only while it connects, which looks like a server that is not there yet
_NUMBERS = frozenset(
    ["connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"]
)
_CHOICES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    "gssencmode": ("disable", "prefer", "require"),
    "channel_binding": ("disable", "prefer", "require"),
    "load_balance_hosts": ("disable", "random"),
    "sslnegotiation": ("postgres", "direct"),
    "sslcertmode": ("disable", "allow", "require"),
    "sslsni": ("0", "1"),
    "sslaccept": ("strict", "accept_invalid_certs"),
    "pgbouncer": ("true", "false"),
}
_PRISMA_ONLY = frozenset(
    [
        "connection_limit",
        "pool_timeout",
        "socket_timeout",
        "max_connection_lifetime",
        "max_idle_connection_lifetime",
        "single_use_connections",
        "statement_cache_size",
        "sslidentity",
        "prefer_socket",
    ]
)


class PostgresUrl(NamedTuple):
    """What a URL says. `keywords` goes to libpq and holds the password: never print it."""

    keywords: dict[str, str]
    schema: str  # Prisma's ?schema=, "" if not given
    pgbouncer: bool  # Prisma's ?pgbouncer=true
    shown: str  # without any secret

    def __repr__(self) -> str:
        return f"PostgresUrl({self.shown})"


def parse(text: str) -> PostgresUrl:
    """The URL's parts. Raises UsageError, never showing a secret."""
    if "#" in text:
        raise UsageError("the database URL has a '#' in it", hint=_HINT)
    rest, _, query_text = text.partition("://")[2].partition("?")
    netloc, _, path = rest.partition("/")
    userinfo, at, places = netloc.rpartition("@")
    user, colon, password = userinfo.partition(":")
    try:
        query = dict(_pairs(query_text))
        hosts, ports = _hosts(places)
        keywords = {"host": hosts, "port": ports, "dbname": _plain(path), "user": _plain(user)}
        keywords["password"] = _plain(password) if at and colon else ""
    except ValueError:
        raise UsageError("the database URL cannot be read", hint=_HINT) from None
    keywords.update(_parameters(query))
    if any("\0" in value for value in keywords.values()):
        raise UsageError("the database URL has a NUL character (%00) in it", hint=_HINT)
    keywords = {key: value for key, value in keywords.items() if value}
    return PostgresUrl(keywords, query.get("schema", ""), query.get("pgbouncer", "") == "true", _shown(keywords))


def _plain(text: str) -> str:
    """Percent-decoded. `urllib.parse` costs 2 ms of every start, and most URLs have nothing to decode."""
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text, errors="strict")


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for pair in filter(None, query.split("&")):
        key, _, value = pair.partition("=")
        yield _plain(key), _plain(value)


_HINT = (
    "a '#', '@', '/', '?' or '%' in the password must be percent-encoded; LOCKMASTER_PASSWORD_FILE needs no encoding"
)


def _hosts(netloc: str) -> tuple[str, str]:
    """`a:1,b:2` as libpq's two lists."""
    hosts, ports = [], []
    for part in netloc.split(","):
        if part.startswith("["):
            host, closed, rest = part[1:].partition("]")
            if not closed:
                raise ValueError(part)
            port = rest.removeprefix(":")
        else:
            host, _, port = part.partition(":")
        if port and not port.isdigit():
            raise ValueError(port)
        host = _plain(host)
        if " " in host or ("/" in host and not host.startswith("/")):
            raise ValueError(host)
        hosts.append(host)
        ports.append(port)
    # an empty item of a list is libpq's default; without it the next host would have this one's port
    return ",".join(hosts) if any(hosts) else "", ",".join(ports) if any(ports) else ""


def _parameters(query: dict[str, str]) -> dict[str, str]:
    """Query parameters as libpq's keywords: its own are passed on, Prisma's are mapped or dropped."""
    keywords: dict[str, str] = {}
    prisma_tls = "sslaccept" in query or "sslidentity" in query
    for key, value in query.items():
        _check(key, value)
        if key == "sslcert":
            keywords["sslrootcert" if prisma_tls else "sslcert"] = value
        elif key in _LIBPQ:
            keywords[key] = value
        elif key not in {*_PRISMA_ONLY, "sslaccept", "schema", "pgbouncer", "options"} and _matters(key):
            raise UsageError(f"the database URL has an unknown parameter: {key}{_meant(key)}", hint="remove it")
        elif key == "options" and value:
            raise UsageError(
                "the database URL has options=, which poolers refuse at the start",
                hint="use --schema for search_path; put other settings on the role: ALTER ROLE ... SET ...",
            )
    if query.get("sslaccept") == "strict" and query.get("sslmode", "") in {"", "prefer", "require"}:
        keywords["sslmode"] = "verify-full"
        keywords.setdefault("sslrootcert", "system")
    if keywords.get("sslrootcert") == "system":
        keywords["sslrootcert"] = _system_certificates()
    return keywords


def _check(key: str, value: str) -> None:
    """Refuse a value that this parameter can never have; an empty one counts as not given."""
    if not value:
        return
    if key in _NUMBERS and not (value.isascii() and value.isdecimal() and len(value) < 10):
        unit = "milliseconds" if key == "tcp_user_timeout" else "seconds"
        what = "a whole number" if key in {"keepalives", "keepalives_count"} else f"{unit}, as a whole number"
        raise UsageError(f"the database URL has {key}={value}", hint=what)
    if key in _CHOICES and value not in _CHOICES[key]:
        known = ", ".join(_CHOICES[key])
        raise UsageError(f"the database URL has {key}={value}{_near(value, _CHOICES[key])}", hint=f"one of {known}")


def _system_certificates() -> str:
    """The machine's own CA bundle. `system` alone finds none: the wheel's libpq looks in a folder of its builder."""
    import os

    known = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
    return next((path for path in known if os.path.exists(path)), "system")


def _matters(key: str) -> bool:
    """Other clients' parameters (of pools, of ORMs) mean nothing here; TLS, or a slip in ours, would be a silent mistake."""
    from difflib import get_close_matches

    return key.startswith("ssl") or bool(get_close_matches(key, ["schema", "pgbouncer"], 1, 0.8))


def _meant(key: str) -> str:
    return _near(key, [*_LIBPQ, *_PRISMA_ONLY, "schema", "pgbouncer", "sslaccept", "sslcert"])


def _near(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), 1)
    return f" (did you mean {close[0]}?)" if close else ""


def _shown(keywords: dict[str, str]) -> str:
    user = keywords.get("user", "")
    port = keywords.get("port", "")
    where = f"{user}@" if user else ""
    where += keywords.get("host", keywords.get("hostaddr", "localhost")) + (f":{port}" if port else "")
    return f"postgresql://{where}/{keywords.get('dbname', user)}"
