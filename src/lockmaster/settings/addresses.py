"""The database's URL: from its many sources, and with its parts put in.

Order: --url, --url-file, --url-env; the same as LOCKMASTER_ variables; url_file and url_env of lockmaster.yaml; the
variable that a Prisma schema names; DATABASE_URL, DATABASE_URL_FILE; url of lockmaster.yaml.
A part (host, port, user, password, dbname) replaces the same part of the URL, unless the URL has it from a stronger
source. So one URL serves the application, and LOCKMASTER_USER with a password file make it the migrations' own.
"""

from __future__ import annotations

import os

from lockmaster.errors import UsageError
from lockmaster.settings.resolving import Found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
_PARTS = ("user", "password", "password_file", "host", "port", "dbname")


def find(
    found: Mapping[str, Found], values: Mapping[str, object], environ: Mapping[str, str], cwd: str
) -> dict[str, Found]:
    """`url` and `direct_url`, each complete, as far as there are any. Raises UsageError."""
    schema: dict[str, tuple[str, str]] = {}
    if values.get("format", "auto") in ("auto", "prisma"):
        from lockmaster.settings import prisma

        schema = prisma.variables(str(values.get("dir", "")), cwd)
    url = _source("url", "DATABASE_URL", found, schema.get("url"), environ, cwd)
    direct = _source("direct_url", "DIRECT_DATABASE_URL", found, schema.get("directUrl"), environ, cwd)
    if not direct and environ.get("DIRECT_URL"):
        direct = Found(environ["DIRECT_URL"], "env DIRECT_URL", 2)
    parts = {key: found[key] for key in _PARTS if key in found}
    if parts:
        _read_password(parts, cwd)
        url = _merge(url, parts)
        direct = direct and _merge(direct, {key: parts[key] for key in ("user", "password") if key in parts})
    return {key: item for key, item in (("url", url), ("direct_url", direct)) if item}


def _source(
    key: str,
    usual: str,
    found: Mapping[str, Found],
    named: tuple[str, str] | None,
    environ: Mapping[str, str],
    cwd: str,
) -> Found | None:
    """The URL of the first source that has one."""
    for rank in (3, 2, 1):
        for name in (key, f"{key}_file", f"{key}_env"):
            item = found.get(name)
            if item and item.rank == rank and (rank > 1 or name != key):
                return _follow(name, item, environ, cwd)
    if named and environ.get(named[0]):
        return Found(environ[named[0]], named[1], 2)
    if environ.get(usual):
        return Found(environ[usual], f"env {usual}", 2)
    if environ.get(f"{usual}_FILE"):
        return _follow(f"{key}_file", Found(environ[f"{usual}_FILE"], f"env {usual}_FILE", 2), environ, cwd)
    return found.get(key)


def _follow(name: str, item: Found, environ: Mapping[str, str], cwd: str) -> Found:
    if name.endswith("_file"):
        return Found(_content(item, cwd), f"{item.origin} ({item.text})", item.rank)
    if not name.endswith("_env"):
        return item
    if not environ.get(item.text):
        raise UsageError(f"{item.origin}: the variable {item.text} is not set")
    return Found(environ[item.text], f"{item.origin} ({item.text})", item.rank)


def _content(item: Found, cwd: str) -> str:
    """What is in a file that holds a secret, without the newline at its end."""
    try:
        with open(os.path.join(cwd, item.text), encoding="utf-8") as file:
            return file.read().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise UsageError(f"{item.origin}: cannot read {item.text}: {why}") from error


def _read_password(parts: dict[str, Found], cwd: str) -> None:
    file, password = parts.pop("password_file", None), parts.get("password")
    if file and (not password or file.rank > password.rank):
        parts["password"] = Found(_content(file, cwd), f"{file.origin} ({file.text})", file.rank)


def _merge(url: Found | None, parts: dict[str, Found]) -> Found:
    """The URL with the parts in their places."""
    base = url or Found("postgresql://", "", 0)
    scheme, colon, rest = base.text.partition("://")
    if not colon or scheme == "sqlite":
        return base  # a file has no such parts
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    user, _, place = rest[:cut].rpartition("@")
    path, question, query = rest[cut:].partition("?")
    name, _, password = user.partition(":")
    host, port = _host_and_port(place)
    old = {"user": name, "password": password, "host": host, "port": port, "dbname": path[1:]}
    used = [key for key in old if key in parts and (parts[key].rank >= base.rank or not old[key])]
    new = old | {key: _quoted(key, parts[key].text) for key in used}
    login = new["user"] + (f":{new['password']}" if new["password"] else "")
    text = (
        f"{scheme}://{login}{'@' if login else ''}{new['host']}{':' if new['port'] else ''}{new['port']}"
        f"/{new['dbname']}{question}{query}"
    )
    origins = [base.origin, *(parts[key].origin for key in used)]
    return Found(text, ", ".join(dict.fromkeys(filter(None, origins))), base.rank)


def _host_and_port(place: str) -> tuple[str, str]:
    host, colon, port = place.rpartition(":")
    if not colon or "]" in port or "," in place:  # no port; [::1] without one; several hosts keep theirs
        return place, ""
    return host, port


def _quoted(key: str, text: str) -> str:
    if key == "port" and not text.isdigit():
        raise UsageError(f"port {text!r} is not a number")
    if key == "host" and ":" in text and not text.startswith("["):
        return f"[{text}]"
    kept = _SAFE | frozenset(b",:[]") if key == "host" else _SAFE
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in text.encode())
