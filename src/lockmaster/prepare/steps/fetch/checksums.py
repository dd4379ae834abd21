"""The wanted SHA-256 from a file as `sha256sum` writes it, here or at an address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from lockmaster.errors import StepFailedError, UsageError
from lockmaster.prepare.steps.fetch import addresses
from lockmaster.prepare.steps.fetch.aside import Pulse, aside
from lockmaster.prepare.steps.fetch.ports import Content, Have
from lockmaster.prepare.steps.fetch.retrying import retried

if TYPE_CHECKING:
    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.fetch.spec import Fetch

_GNU = re.compile(r"\\?([0-9a-fA-F]{64})(?:[ \t]+[ *]?(.+))?")
_BSD = re.compile(r"SHA256 ?\((.+)\) ?= ?([0-9a-fA-F]{64})")
_MOST = 1 << 20
_LOGIN = ("headers", "token", "token_file", "username", "password", "password_file", "cert", "key", "store")


def wanted(spec: Fetch, context: Context) -> str:
    """The digest that the file must have, "" if none is asked for."""
    if not spec.checksum:
        return spec.digest
    if "://" not in spec.checksum:
        path = context.path(spec.checksum)
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read(_MOST)
        except OSError as error:
            raise UsageError(f"checksum: cannot read {spec.checksum}: {error.strerror}") from error
    else:
        text = _brought(spec, context)
    return _digest_in(text, addresses.name_of(spec), addresses.shown(spec.checksum))


def _brought(spec: Fetch, context: Context) -> str:
    """The text at the address. Credentials go there only if it is at the same place as the file itself."""
    changes: dict[str, object] = {"source": spec.checksum, "checksum": ""}
    if not addresses.same_place(spec.source, spec.checksum):
        changes |= {name: {} if name in ("headers", "store") else "" for name in _LOGIN}
    source = addresses.source(msgspec.structs.replace(spec, **changes), context)

    def read(pulse: Pulse) -> bytes:
        with source.open(Have()) as found:
            if not isinstance(found, Content):
                raise StepFailedError(f"{source.shown} is a folder", hint="checksum is the address of a file")
            text = b""
            for chunk in found.chunks:
                text += chunk
                pulse.beat(len(chunk))
                if len(text) > _MOST:
                    raise StepFailedError(f"{source.shown} is too large for a file of checksums")
            return text

    what = source.shown
    return retried(lambda: aside(read, context, what, spec.stall), context, spec.retries).decode("utf-8", "replace")


def _digest_in(text: str, name: str, where: str) -> str:
    """The digest of the file `name`, or the only one that is there, without a name."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if bsd := _BSD.fullmatch(line.strip()):
            found[bsd[1].rpartition("/")[2]] = bsd[2].lower()
        elif gnu := _GNU.fullmatch(line.strip()):
            found[(gnu[2] or "").rpartition("/")[2]] = gnu[1].lower()
    if name in found:
        return found[name]
    if list(found) == [""]:
        return found[""]
    hint = f"it names {', '.join(sorted(filter(None, found))[:5])}" if any(found) else "lines are: SHA256 NAME"
    raise StepFailedError(f"{where} has no SHA-256 of {name}", hint=hint)
