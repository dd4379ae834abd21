"""Passwords that stand in a manifest as they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockmaster.manifests.objects import listed, mapping, text
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lockmaster.manifests.objects import Container, Path, Workload

_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^:@/\s]*:([^@/\s]+)@")
_FIELD = re.compile(r"(?i)\bpassword=([^\s;&]+)")
_OPTION = re.compile(r"(?i)--?[\w-]*passw(or)?d$")  # its value is the next word
_NAME = re.compile(r"(?i)(?:password|passwd|_pass|_pwd|^pass|^pwd)$")
_NO_SECRET = re.compile(r"(?i)allow|random|empty|_file$")
_PLACEHOLDER = re.compile(r"\$[({]|^<.*>$|^\*+$|^/|^\{\{|^(?:true|false|yes|no|1|0)?$|^CHANGE_?ME$|^placeholder")


class Plain(NamedTuple):
    """A password. `path` is where it stands, from the container; `what` says what it is part of."""

    path: Path
    what: str
    secret: str


def plain(container: Container) -> Iterator[Plain]:
    """The passwords in a container's variables and command."""
    for number, one in enumerate(map(mapping, listed(container.root.get("env")))):
        name, value = text(one.get("name")), text(one.get("value"))
        if secret := _in(value):
            yield Plain(("env", number), f"the value of {name}", secret)
        elif _NAME.search(name) and not _NO_SECRET.search(name) and not _PLACEHOLDER.search(value):
            yield Plain(("env", number), f"{name}", value)
    for field in ("command", "args"):
        before = ""
        for number, word in enumerate(map(text, listed(container.root.get(field)))):
            if secret := _in(word):
                yield Plain((field, number), f"the URL in {field}", secret)
            elif _OPTION.match(before) and not _PLACEHOLDER.search(word) and not word.startswith("-"):
                yield Plain((field, number), f"{field}, behind {before},", word)
            before = word


def _in(value: str) -> str:
    found = _URL.search(value) or (_FIELD.search(value) if "=" in value else None)
    return found[1] if found and not _PLACEHOLDER.search(found[1]) else ""


def secrets(workloads: Iterable[Workload]) -> list[str]:
    """All passwords that are long enough to be hidden wherever they turn up."""
    found = {one.secret for workload in workloads for container in workload.containers() for one in plain(container)}
    return sorted(one for one in found if len(one) > 3)
