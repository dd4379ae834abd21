"""What a container needs to know the database: the variables of the URL, what they are made of, the files they name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lockmaster.manifests.objects import listed, mapping, text
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lockmaster.manifests.objects import Object

# What Lockmaster reads by itself (docs/settings.md), and libpq for TLS.
_URLS = (
    "DATABASE_URL",
    "DATABASE_URL_FILE",
    "LOCKMASTER_URL",
    "LOCKMASTER_URL_FILE",
    "LOCKMASTER_URL_ENV",
    "LOCKMASTER_HOST",
)
_BESIDE = ("DIRECT_DATABASE_URL", "DIRECT_DATABASE_URL_FILE", "DIRECT_URL")
_PREFIXES = ("LOCKMASTER_", "PGSSL")
# Variables that other tools use: taken by --url-env.
_OTHERS = (
    "POSTGRES_URL", "POSTGRESQL_URL", "POSTGRES_PRISMA_URL", "PG_URL", "DB_URL", "DATABASE_URI", "DB_URI",
    "SQLALCHEMY_DATABASE_URI",
    "DATABASE_DSN", "DB_DSN", "POSTGRES_DSN",
)  # fmt: skip
_LITERAL = re.compile(r"(postgres|postgresql)://")
_REFERENCE = re.compile(r"\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)")
_SOCKETS = ("/cloudsql",)  # folders of sockets, which a URL in a Secret may name without our seeing it

Keys = dict[tuple[str, str], tuple[str, ...]]  # (ConfigMap or Secret, name): its keys


class Need(NamedTuple):
    """What is to be copied. `url_env` is the variable with the URL where it is not one that Lockmaster reads by itself."""

    found: bool  # a variable with the URL is there
    possible: bool  # one may be, in a ConfigMap or Secret that we do not see
    url_env: str
    env: list[Any]
    env_from: list[Any]
    mounts: list[Any]


def need(container: Mapping[str, Any], url_env: str, options: Iterable[str], keys: Keys) -> Need:
    """What a container of Lockmaster's needs of an application's container, in the same order. `options` are its own words."""
    env = [item for item in listed(container.get("env")) if isinstance(item, dict)]
    defined = {text(item.get("name")): item for item in env}
    sources = [(source, _keys(source, keys)) for source in listed(container.get("envFrom")) if isinstance(source, dict)]
    known = {*defined, *(key for _, found in sources for key in found or ())}
    roots, name = _roots(known, defined, url_env)
    wanted = {*roots, *(ref for word in options for ref in references(word))}
    taken: list[Any] = []
    for item in reversed(env):  # a reference is to what stands before it
        if item.get("name") in wanted:
            taken.insert(0, item)
            wanted |= set(references(text(item.get("value"))))
    missing = wanted - {item.get("name") for item in taken}
    sought = missing - known  # in what is not seen
    if not roots:
        sought |= {url_env} if url_env else {*_URLS, *_OTHERS}
    env_from = [source for source, found in sources if _may_hold(source, found, sought if found is None else missing)]
    unseen = any(found is None and _may_hold(source, None, sought) for source, found in sources)
    values = [*options, *(text(item.get("value")) for item in taken)]
    mounts = [
        mount for mount in listed(container.get("volumeMounts")) if isinstance(mount, dict) and _named(mount, values)
    ]
    return Need(bool(roots), unseen and not roots, name, taken, env_from, mounts)


def references(value: str) -> list[str]:
    """The variables that Kubernetes puts into a value: `$(NAME)`, but not `$$(NAME)`."""
    return [found[1] for found in _REFERENCE.finditer(value) if found[1]]


def keys_of(objects: Iterable[Object]) -> Keys:
    """The keys of the ConfigMaps and Secrets in these manifests."""
    found: Keys = {}
    for item in objects:
        if item.kind in ("ConfigMap", "Secret") and not item.group:
            fields = ("data", "stringData", "binaryData")
            found[item.kind, item.name] = tuple(text(key) for field in fields for key in mapping(item.at(field)))
    return found


def _roots(known: set[str], defined: Mapping[str, Any], url_env: str) -> tuple[set[str], str]:
    """The variables that Lockmaster shall see, and the one to name by --url-env."""
    beside = {name for name in known if name in _BESIDE or name.startswith(_PREFIXES)}
    if url_env:
        return ({url_env} | beside if url_env in known else set()), url_env
    if known & set(_URLS):
        return (known & set(_URLS)) | beside, ""
    others = [name for name in _OTHERS if name in known]
    others += [name for name, item in defined.items() if _LITERAL.match(text(item.get("value"))) and name not in others]
    return ({others[0]} | beside, others[0]) if others else (set(), "")


def _keys(source: Mapping[str, Any], keys: Keys) -> tuple[str, ...] | None:
    """The variables that an item of envFrom makes; None where it is not in these manifests."""
    for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
        if field in source:
            found = keys.get((kind, text(mapping(source[field]).get("name"))))
            return None if found is None else tuple(text(source.get("prefix")) + key for key in found)
    return None


def _may_hold(source: Mapping[str, Any], found: tuple[str, ...] | None, wanted: set[str]) -> bool:
    """Whether an item of envFrom makes one of these; of one that is not seen, whether its prefix lets it."""
    if found is not None:
        return bool(wanted & set(found))
    return any(name.startswith(text(source.get("prefix"))) for name in wanted)


def _named(mount: Mapping[str, Any], values: Iterable[str]) -> bool:
    path = text(mount.get("mountPath")).rstrip("/")
    if not path:
        return False
    begins = re.compile(r"(?:^|[=\s'\"@,])" + re.escape(path) + r"(?=[/?&:\s'\",]|$)")
    return path in _SOCKETS or any(begins.search(one) for value in values for one in (value, unquote(value)))
