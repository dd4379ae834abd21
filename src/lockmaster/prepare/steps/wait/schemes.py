"""Which kind of target a URL is: its scheme says so. One row per scheme; the module in `probes` does the rest."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lockmaster.bundled import how_to_have
from lockmaster.errors import UsageError
from lockmaster.prepare.steps.wait.address import shown
from lockmaster.settings.suggest import did_you_mean
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from lockmaster.prepare.steps.wait.spec import Wanted

_LOGIN = ("user", "password", "password_file")
_TLS = ("ca", "cert", "key", "insecure")
_HTTP = ("status", "body", "headers", *_LOGIN)


class Scheme(NamedTuple):
    """One row. `fields` are what a target of it takes beside url, name and limit."""

    module: str
    fields: tuple[str, ...] = ()
    client: str = ""  # the module of an extra that it needs
    extra: str = "wait"  # the extra that brings it


SCHEMES: dict[str, Scheme] = {
    "tcp": Scheme("tcp", ("until",)),
    "unix": Scheme("tcp", ("until",)),
    "file": Scheme("file", ("until", "contains")),
    "dns": Scheme("dns", ("until",)),
    "http": Scheme("http", _HTTP),
    "https": Scheme("http", (*_HTTP, *_TLS)),
    "http+unix": Scheme("http", _HTTP),
    "postgres": Scheme("postgres", _LOGIN),
    "postgresql": Scheme("postgres", _LOGIN),
    "mysql": Scheme("mysql", (*_LOGIN, *_TLS), "pymysql"),
    "mariadb": Scheme("mysql", (*_LOGIN, *_TLS), "pymysql"),
    "redis": Scheme("redis", _LOGIN),
    "rediss": Scheme("redis", (*_LOGIN, *_TLS)),
    "amqp": Scheme("amqp", _LOGIN, "pika"),
    "amqps": Scheme("amqp", (*_LOGIN, *_TLS), "pika"),
    "kafka": Scheme("kafka", (*_LOGIN, "ca", "cert", "key"), "confluent_kafka"),
    "mongodb": Scheme("mongodb", (*_LOGIN, "ca", "insecure"), "pymongo"),
    "mongodb+srv": Scheme("mongodb", (*_LOGIN, "ca", "insecure"), "pymongo"),
    "grpc": Scheme("grpc", (), "grpc"),
    "grpcs": Scheme("grpc", ("ca", "cert", "key"), "grpc"),
    "kube": Scheme("kube", ("until", "gone"), "lightkube", "kube"),
}
_COMMON = frozenset({"url", "name", "limit"})
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def scheme_of(url: str) -> str:
    """The scheme of a URL that can be waited for. Raises UsageError, without a secret."""
    found = _NAME.match(url)
    name = found[1].lower() if found else ""
    if not url.strip():
        raise UsageError("a target is empty", hint="is a variable empty that it is made of?")
    if url.strip() != url:
        raise UsageError(f"{shown(url)!r} has blanks around it", hint="remove them")
    bare = found and url[found.end() :].isdigit() and name not in ("file", "dns")
    if found is None or bare:  # redis:6379, as `nc` and wait-for-it.sh have it
        hint = "write for example tcp://redis:6379, https://host/health or file:/tmp/ready"
        raise UsageError(f"{shown(url)!r} is not a URL", hint=hint)
    if name in SCHEMES:
        return name
    hint = did_you_mean(name, SCHEMES) or f"one of {', '.join(SCHEMES)}"
    raise UsageError(f"nothing is known about waiting for {name}:", hint=hint)


def row_of(wanted: Wanted) -> Scheme:
    """The row of a target."""
    return SCHEMES[scheme_of(wanted.url)]


def probe_of(wanted: Wanted) -> Any:
    """The module that looks at it."""
    return import_module(f"lockmaster.prepare.steps.wait.probes.{row_of(wanted).module}")


def check(wanted: Wanted) -> None:
    """Raises UsageError for what can never be right, in words without a secret. Loads no client."""
    scheme = scheme_of(wanted.url)
    row = SCHEMES[scheme]
    if any(char.isspace() or not char.isprintable() for char in wanted.url) and scheme != "file":
        raise UsageError(f"{shown(wanted.url)!r} has a blank in it", hint="percent-encode it: %20")
    for field in wanted.__struct_fields__:
        if field not in _COMMON and field not in row.fields and getattr(wanted, field) != _default(wanted, field):
            takers = ", ".join(dict.fromkeys(name for name, row in SCHEMES.items() if field in row.fields))
            raise UsageError(f"{scheme}: takes no {field}", hint=f"it is for {takers}")
    if wanted.until not in ("present", "absent"):
        raise UsageError(f"until: {wanted.until!r} is neither present nor absent", hint="leave it out for present")
    if wanted.limit is not None and wanted.limit <= 0:
        raise UsageError("limit is 0: no server answers in no time", hint="leave it out, or write for example 5s")
    if wanted.key and not wanted.cert:
        raise UsageError("there is a key and no cert", hint="cert: is the file with the certificate that it belongs to")
    probe_of(wanted).check(wanted)


def _default(wanted: Wanted, field: str) -> Any:
    return wanted.__struct_defaults__[wanted.__struct_fields__.index(field) - len(wanted.__struct_fields__)]


def require_client(wanted: Wanted) -> None:
    """Raises UsageError when the client that this target needs is not installed. Does not load it."""
    row = row_of(wanted)
    if row.client:
        from importlib.util import find_spec

        if find_spec(row.client) is None:
            raise UsageError(
                f"{scheme_of(wanted.url)}: needs {row.client.replace('_', '-')}, which is not installed",
                hint=how_to_have(row.extra),
            )
