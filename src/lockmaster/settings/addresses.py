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
from lockmaster.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
_LOGIN = ("user", "password")
_PARTS = ("user", "password", "password_file", "host", "port", "dbname")
_MOST_CHARACTERS = 1 << 16  # of a file that holds a secret


class Finder(NamedTuple):
    """Where to look. `named`: for url and directUrl the variable that a Prisma project names, and the origin."""

    found: Mapping[str, Found]
    named: Mapping[str, tuple[str, str]]
    environ: Mapping[str, str]
    cwd: str

    def find(self) -> dict[str, Found]:
        """`url` and `direct_url`, each complete, as far as there are any. Raises UsageError."""
        url = _trimmed(self._first("url", "url", ("DATABASE_URL",)))
        direct = _trimmed(self._first("direct_url", "directUrl", ("DIRECT_DATABASE_URL", "DIRECT_URL")))
        parts = {key: self.found[key] for key in _PARTS if key in self.found}
        if parts:
            self._read_password(parts)
            url = _merge(url, parts)
            login = {key: item for key, item in parts.items() if key in _LOGIN}
            direct = _merge(direct, login) if direct else None
        return {key: item for key, item in (("url", url), ("direct_url", direct)) if item}

    def _first(self, key: str, prisma: str, usual: tuple[str, ...]) -> Found | None:
        """The URL of the first source that has one."""
        for rank in (3, 2, 1):
            for name in (key, f"{key}_file", f"{key}_env"):
                item = self.found.get(name)
                if item and item.rank == rank and (rank > 1 or name != key):
                    return self._follow(name, item)
        variable, origin = self.named.get(prisma, ("", ""))
        if text := self.environ.get(variable):
            return Found(text, origin, 2)
        for variable in usual:
            if text := self.environ.get(variable):
                return Found(text, f"env {variable}", 2)
            if path := self.environ.get(f"{variable}_FILE"):
                return self._follow(f"{key}_file", Found(path, f"env {variable}_FILE", 2))
        return self.found.get(key)

    def _follow(self, name: str, item: Found) -> Found:
        if name.endswith("_file"):
            return Found(_one_url(self._content(item), item), f"{item.origin} ({item.text})", item.rank)
        if not name.endswith("_env"):
            return item
        text = self.environ.get(item.text)
        if not text:
            raise UsageError(
                f"{item.origin}: the variable {item.text} is not set",
                hint=f"set {item.text} (in a pod: env with valueFrom.secretKeyRef), or correct the name",
            )
        return Found(text, f"{item.origin} ({item.text})", item.rank)

    def _content(self, item: Found) -> str:
        """What is in a file that holds a secret, without the newline at its end."""
        try:
            with open(os.path.join(self.cwd, item.text), encoding="utf-8") as file:
                return file.read(_MOST_CHARACTERS).rstrip("\r\n")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "not UTF-8"
            raise UsageError(f"{item.origin}: cannot read {item.text}: {why}", hint=_why_not(error)) from error

    def _read_password(self, parts: dict[str, Found]) -> None:
        file, password = parts.pop("password_file", None), parts.get("password")
        if file and (not password or file.rank > password.rank):
            parts["password"] = Found(self._content(file), f"{file.origin} ({file.text})", file.rank)


def _trimmed(url: Found | None) -> Found | None:
    """Without the newline that `echo` put into a Secret; no URL begins or ends with white space."""
    return url._replace(text=url.text.strip()) if url else None


def _one_url(text: str, item: Found) -> str:
    """The URL of a file, which holds that and nothing else. Its text is in no message: it is a secret."""
    lines = text.strip().splitlines()
    if len(lines) == 1:
        return text
    what = f"has {len(lines)} lines" if lines else "is empty"
    raise UsageError(f"{item.origin}: {item.text} {what}", hint="the file has to hold the URL, and nothing else")


def _why_not(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "correct the path, or mount the Secret there"
    if isinstance(error, PermissionError):
        return f"this process is user {os.geteuid()}: look at defaultMode and fsGroup of the volume"
    return "name the file itself, which holds plain text"


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
    new = old | {key: _quoted(key, parts[key]) for key in used}
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


def _quoted(key: str, part: Found) -> str:
    text = part.text
    if key == "port" and not (text.isascii() and text.isdigit()):
        raise UsageError(f"{part.origin}: port {text!r} is not a number", hint="for example 5432")
    if key == "host" and ":" in text and not text.startswith("["):
        return f"[{text}]"
    kept = _SAFE | frozenset(b",:[]") if key == "host" else _SAFE
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in text.encode())
