"""A folder of migrations as a ConfigMap that is named by its content."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from lockmaster.errors import UsageError
from lockmaster.manifests import names

Files = dict[str, bytes]  # by their path in the folder, with slashes

MADE = "migrations"  # value of the annotation that says whose it is
MOST = 1 << 20  # what the API server takes
_ROOM = 8 << 10  # for names, labels and what else is in the object
_NO_KEY = re.compile(r"[^-._a-zA-Z0-9]")


def config_map(owner: str, folder: str, files: Files) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The object, and the items by which its volume is the folder again. Raises UsageError: empty, or too large."""
    if not files:
        raise UsageError(f"{folder} has no files", hint="--dir names the folder with the migrations")
    keys = _keys(files)
    size = sum(len(key) + len(files[path]) for path, key in keys.items()) + _ROOM
    if size > MOST:
        raise UsageError(
            f"{folder}: {size - _ROOM:,} bytes are too many for a ConfigMap, which holds 1 MiB",
            hint="--from image-volume or --from bundle take them from the application's image, of any size",
        )
    digest = hashlib.sha256(b"".join(path.encode() + b"\0" + files[path] + b"\0" for path in sorted(files))).hexdigest()
    made: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"{owner[:200]}-migrations-{digest[:10]}",
            "labels": {"app.kubernetes.io/managed-by": "lockmaster"},
            "annotations": {f"{names.PREFIX}injected": MADE},
        },
        "immutable": True,
    }
    for path, key in keys.items():
        field, value = _value(files[path])
        made.setdefault(field, {})[key] = value
    return made, [{"key": key, "path": path} for path, key in keys.items()]


def _keys(files: Files) -> dict[str, str]:
    """For each path a key, which has no slashes."""
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for path in sorted(files):
        key = base = _NO_KEY.sub("_", path.replace("/", "__"))[:240]
        number = 1
        while key in taken or key in (".", ".."):
            number += 1
            key = f"{base}_{number}"
        taken.add(key)
        keys[path] = key
    return keys


def _value(content: bytes) -> tuple[str, str]:
    try:
        return "data", content.decode()
    except UnicodeDecodeError:
        return "binaryData", base64.b64encode(content).decode()
