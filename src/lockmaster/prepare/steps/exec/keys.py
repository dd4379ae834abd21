"""Keys: under what a command is recorded as done."""

from __future__ import annotations

import os

from lockmaster.errors import UsageError
from lockmaster.formats import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lockmaster.formats.digest import Hasher

_MOST = 1000  # characters of a key
_PIECE = 1 << 20


def given(key: str) -> str:
    """A key of the user's own choice. Raises UsageError for one that no column should hold."""
    if len(key) > _MOST or not key.isprintable():
        what = f"is longer than {_MOST} characters" if len(key) > _MOST else "has an invisible character in it"
        raise UsageError(f"the key {what}", hint="an image digest, a version, a name: --once app@sha256:...")
    return key


def of_content(folder: str, paths: Sequence[str], command: Sequence[str]) -> str:
    """A key that changes with the content of these files and folders, and with the command: `sha256:...`.

    Names below each path and contents count; times, modes and empty folders do not. A link counts as what it says, not
    as what it leads to, except a path that is itself one. Raises UsageError for a path that is not there.
    """
    whole = digest.hasher()
    for path in paths:
        place = os.path.join(folder, path)
        for name, file in _files(place, path):
            _add(whole, name.encode("utf-8", "surrogateescape"))
            _add(whole, _digest(file))
    for word in command:
        _add(whole, word.encode("utf-8", "surrogateescape"))
    return f"sha256:{whole.hexdigest()}"


def _add(whole: Hasher, part: bytes) -> None:
    """With its length in front, so that no two lists of parts are one text."""
    whole.update(b"%d:" % len(part) + part)


def _files(place: str, shown: str) -> Iterator[tuple[str, str]]:
    """Name below the path, and file, of everything in it, in an order that is the same everywhere."""
    if not os.path.isdir(place):
        if not os.path.exists(place):
            raise UsageError(f"{shown}: no such file or folder", hint="--once-of names what the key is made of")
        yield "", place
        return
    found: list[tuple[str, str]] = []
    for root, folders, names in os.walk(place, onerror=_refuse):
        links = [name for name in folders if os.path.islink(os.path.join(root, name))]
        found += (
            (os.path.relpath(os.path.join(root, name), place), os.path.join(root, name)) for name in [*names, *links]
        )
    yield from sorted(found)


def _refuse(error: OSError) -> None:
    raise UsageError(
        f"cannot read {error.filename}: {error.strerror}", hint="the key is made of all that is in it"
    ) from error


def _digest(file: str) -> bytes:
    if os.path.islink(file):
        return b"link " + os.fsencode(os.readlink(file))
    content = digest.hasher()
    try:
        with open(file, "rb") as stream:
            while piece := stream.read(_PIECE):
                content.update(piece)
    except OSError as error:
        _refuse(error)
    return content.digest()
