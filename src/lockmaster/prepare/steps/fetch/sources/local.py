"""`file:///path`: a file that is here already: a mounted ConfigMap, an archive of the image, what a cache holds."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from lockmaster.errors import StepFailedError
from lockmaster.prepare.steps.fetch.ports import Content, Have

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.prepare.context import Context
    from lockmaster.prepare.steps.fetch.spec import Fetch

_CHUNK = 1 << 20


def source(spec: Fetch, context: Context, scratch: str) -> Local:  # noqa: ARG001 - as all sources are made
    return Local(spec.source)


class Local:
    """One file of this machine. Its version is its size, time and inode."""

    def __init__(self, address: str) -> None:
        self.shown = address
        self._path = unquote(urlsplit(address).path)

    @contextmanager
    def open(self, have: Have) -> Iterator[Content | None]:
        try:
            with open(self._path, "rb", buffering=0) as file:
                found = os.fstat(file.fileno())
                version = f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}"
                if version == have.version:
                    yield None
                else:
                    yield Content(iter(lambda: file.read(_CHUNK), b""), version, found.st_size)
        except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
            if error.filename != self._path:
                raise
            raise StepFailedError(
                f"{self.shown}: {error.strerror}", hint="name a file that this user may read"
            ) from error
