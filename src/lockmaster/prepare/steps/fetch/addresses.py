"""Addresses: which source one is for, and how it may be shown."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING

from lockmaster.bundled import how_to_have
from lockmaster.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.fetch.ports import Source
    from lockmaster.prepare.steps.fetch.spec import Fetch

# The scheme of an address -> the module in `sources` whose `source(spec, context, scratch)` makes the Source.
SCHEMES = {
    "https": "web",
    "http": "web",
    "s3": "stores",
    "gs": "stores",
    "az": "stores",
    "git+https": "git",
    "git+http": "git",
    "git+git": "git",
    "git+file": "git",
    "oci": "oci",
    "oci+http": "oci",
    "vault": "vault",
    "configmap": "kube",
    "secret": "kube",
    "file": "local",
}
SECRET = re.compile(
    r"sig|token|secret|passw|pwd|credential|key|auth|x-amz-|x-goog-|^(se|sp|sr|st|sv|expires|policy)$", re.IGNORECASE
)


def scheme_of(address: str) -> str:
    """The scheme. Raises ValueError for one that nobody has."""
    scheme, colon, rest = address.partition("://")
    if not colon or not rest:
        raise ValueError("from is an address with a scheme: https://host/file, s3://bucket/key, ...")
    if scheme not in SCHEMES:
        raise ValueError(f"from: {scheme}:// is none of {', '.join(SCHEMES)}")
    return scheme


def source(spec: Fetch, context: Context, scratch: str = "") -> Source:
    """The source of `spec.source`; `scratch` is a path beside the target that it may make a folder of.

    Raises UsageError, also when its client is not installed.
    """
    make: Callable[[Fetch, Context, str], Source]
    module = f"lockmaster.prepare.steps.fetch.sources.{SCHEMES[scheme_of(spec.source)]}"
    make = import_module(module).source
    return make(spec, context, scratch)


def not_installed(error: ImportError) -> UsageError:
    """What to say where the client of a source is missing."""
    name = (error.name or str(error)).partition(".")[0]
    return UsageError(f"{name} is not installed", hint=how_to_have("fetch"))


def shown(address: str) -> str:
    """The address without its login and without the values of its query: signatures stand there."""
    scheme, _, rest = address.partition("://")
    place, question, _ = rest.partition("?")
    host, slash, path = place.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('#')[0]}{question and '?***'}"


def same_place(one: str, other: str) -> bool:
    """Whether both are at the same origin: only then may credentials for the one be sent to the other."""
    return _origin(one) == _origin(other)


def _origin(address: str) -> tuple[str, str, int | None]:
    from urllib.parse import urlsplit

    parts = urlsplit(address)
    ports = {"http": 80, "https": 443}
    return parts.scheme, (parts.hostname or "").lower(), parts.port or ports.get(parts.scheme)


def hide_secrets(address: str, hide: Callable[[str], None]) -> None:
    """Tell what in the address has to be masked, in case somebody else's message repeats it."""
    from urllib.parse import parse_qsl, unquote, urlsplit

    parts = urlsplit(address)
    login = parts.netloc.rpartition("@")[0]
    for text in (login.partition(":")[2], unquote(login.partition(":")[2])):
        hide(text)
    if parts.query and SECRET.search(parts.query):
        hide(parts.query)
    for name, value in parse_qsl(parts.query):
        if SECRET.search(name) and len(value) > 7:
            hide(value)


def identity(address: str) -> str:
    """The address as it is known again: without login, and without what a signature changes each time."""
    from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

    parts = urlsplit(address)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not SECRET.search(name)]
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=urlencode(kept)))


def name_of(spec: Fetch) -> str:
    """The last part of the address: what a file is called in a target that ends in "/"."""
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(spec.source)
    path = spec.path or spec.field or parts.fragment or parts.path
    if parts.scheme.startswith("git") and not spec.path:
        _, place, below, _ = git_parts(spec.source)
        path = below or place.removesuffix(".git")
    elif parts.scheme.startswith("oci") and not spec.path:
        path = path.partition("@")[0].partition(":")[0]
    name = unquote(path).rstrip("/").rpartition("/")[2]
    return name if name not in (".", "..") and "\0" not in name else ""


def git_parts(address: str) -> tuple[str, str, str, str]:
    """Scheme, place, path in the repository, ref: `git+https://host/repo.git//path@ref`."""
    from urllib.parse import unquote

    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    repo, inner, below = path.partition("//")
    if inner:
        below, _, ref = below.partition("@")
    else:
        repo, _, ref = repo.partition("@")
    return scheme.removeprefix("git+"), f"{host}{slash}{repo}", unquote(below), unquote(ref)
