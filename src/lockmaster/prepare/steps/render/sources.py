"""Values from a file (YAML, JSON, TOML, .env), or from a folder in which each file is one: a mounted Secret or ConfigMap."""

from __future__ import annotations

import os
import re
from typing import Any

from lockmaster.errors import UsageError
from lockmaster.prepare.secret_names import is_secret
from lockmaster.values import NamedTuple

_DATA = "..data"  # of a mounted Secret: a link to the folder of the present version, swapped by the kubelet
_MOST = 1 << 20  # bytes: what a Secret or ConfigMap can hold
_DOTENV = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(.*)")
_KNOWN = "a folder, or a file .yaml, .yml, .json, .toml or .env"


class Source(NamedTuple):
    """Values by name; `secret` when all of them are."""

    names: dict[str, Any]
    secret: bool


def read(path: str, shown: str) -> Source:
    """Raises UsageError with file and line."""
    secret = any(map(is_secret, shown.split("/"))) or _in_memory(path)
    if os.path.isdir(path):
        return Source(_folder(path, shown), secret)
    reader = _READERS.get(os.path.splitext(shown)[1] or os.path.basename(shown))
    if reader is None:
        raise UsageError(f"{shown}: not a kind of file that values are read from", hint=_KNOWN)
    if not os.path.exists(path):
        raise UsageError(f"{shown}: not there", hint=_KNOWN)
    names = reader(path, shown)
    if not isinstance(names, dict):
        raise UsageError(f"{shown}: there are no names with values in it", hint="write NAME: VALUE")
    return Source(names, secret)


def _folder(path: str, shown: str) -> dict[str, Any]:
    """Each file's name, with its text less one line end. All are of the same version, while the kubelet swaps them."""
    if os.path.isdir(os.path.join(path, _DATA)):
        path = os.path.realpath(os.path.join(path, _DATA))
    names: dict[str, Any] = {}
    for name in sorted(os.listdir(path)):
        file = os.path.join(path, name)
        if not name.startswith("..") and os.path.isfile(file):
            data = _bytes(file, f"{shown}/{name}")
            try:
                names[name] = data.decode().removesuffix("\n").removesuffix("\r")
            except UnicodeDecodeError:
                names[name] = data
    return names


def _bytes(path: str, shown: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        raise UsageError(
            f"{shown}: {error.strerror}", hint="look at its mode, and at defaultMode of the volume"
        ) from error
    if len(data) > _MOST:
        raise UsageError(f"{shown}: larger than {_MOST >> 20}Mi", hint="values are small; is this the right file?")
    return data


def _text(path: str, shown: str) -> str:
    try:
        return _bytes(path, shown).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{shown}: not UTF-8", hint="save the file as UTF-8 text") from None


def _yaml(path: str, shown: str) -> Any:
    from lockmaster.prepare.document import Document

    root = Document(path, shown).root
    return {} if root is None else root


def _json(path: str, shown: str) -> Any:
    import json

    try:
        return json.loads(_text(path, shown))
    except json.JSONDecodeError as error:
        raise UsageError(f"{shown}:{error.lineno}: {error.msg}", hint="correct the file") from None


def _toml(path: str, shown: str) -> Any:
    import tomllib

    try:
        return tomllib.loads(_text(path, shown))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r" \(at line (\d+), column \d+\)", str(error))
        place, message = (f":{line[1]}", str(error)[: line.start()]) if line else ("", str(error))
        raise UsageError(f"{shown}{place}: {message}", hint="correct the file") from None


def _dotenv(path: str, shown: str) -> Any:
    """NAME=text, one a line, as Compose reads it: quotes of either kind are taken off, # begins a comment."""
    names: dict[str, Any] = {}
    for number, written in enumerate(_text(path, shown).splitlines(), 1):
        line = written.strip()
        if not line or line.startswith("#"):
            continue
        found = _DOTENV.fullmatch(line)
        if found is None:
            raise UsageError(f"{shown}:{number}: no NAME=text", hint="one NAME=text in each line")
        names[found[1]] = _unquoted(found[2])
    return names


def _unquoted(text: str) -> str:
    for quote in ("'", '"'):
        end = text.rfind(quote)
        if (
            text.startswith(quote)
            and end > 0
            and (not text[end + 1 :].strip() or text[end + 1 :].lstrip().startswith("#"))
        ):
            inner = text[1:end]
            return inner if quote == "'" else inner.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
    return re.split(r"\s+#", text, maxsplit=1)[0]


def _in_memory(path: str) -> bool:
    """Whether it is on a tmpfs: the kubelet mounts Secrets so, and ConfigMaps not."""
    try:
        device = os.stat(path).st_dev
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                fields, _, kind = line.partition(" - ")
                if fields.split()[2] == f"{os.major(device)}:{os.minor(device)}":
                    return kind.split()[0] in ("tmpfs", "ramfs")
    except OSError:
        pass
    return False


_READERS = {".yaml": _yaml, ".yml": _yaml, ".json": _json, ".toml": _toml, ".env": _dotenv}
