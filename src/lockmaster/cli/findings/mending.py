"""Mend files in place, or show how they would be mended."""

from __future__ import annotations

import difflib
import os
import tempfile
from typing import TYPE_CHECKING

from lockmaster.errors import UsageError
from lockmaster.manifests.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Sequence


def again(streams: Sequence[Stream]) -> list[Stream]:
    """The streams, read from what they say now. What was no object of theirs stays out."""
    read = []
    for stream in streams:
        new = Stream(stream.name, stream.text)
        for before, after in zip(stream.documents, new.documents, strict=True):
            if before.root is None:
                after.root = None
        read.append(new)
    return read


def difference(before: str, stream: Stream) -> str:
    """What has changed in a stream, as a unified diff; empty for nothing."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), stream.text.splitlines(keepends=True), stream.name, f"{stream.name} (mended)"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def write(stream: Stream) -> None:
    """Put the stream into its file, in one instant, with the mode that it had. A link stays a link."""
    path = os.path.realpath(stream.name)
    try:
        mode = os.stat(path).st_mode & 0o7777
        descriptor, new = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".lockmaster-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(stream.text.encode())
                os.fchmod(file.fileno(), mode)
            os.replace(new, path)
        except BaseException:
            os.unlink(new)
            raise
    except OSError as error:
        raise UsageError(
            f"{stream.name}: cannot be written: {error.strerror}", hint="--diff shows what would change"
        ) from None
