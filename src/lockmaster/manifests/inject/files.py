"""Folders read, manifests written back, and what changes in them shown."""

from __future__ import annotations

import difflib
import os
import tempfile
from typing import TYPE_CHECKING

from lockmaster.errors import LockmasterError, UsageError
from lockmaster.settings.secret import mask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lockmaster.manifests.inject.configmap import Files


def folder(path: str) -> Files:
    """The files in a folder, hidden ones left out, by their path in it. Raises UsageError where it cannot be read."""
    found: Files = {}
    try:
        for here, folders, files in os.walk(path, onerror=_raise):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in files:
                if not name.startswith("."):
                    whole = os.path.join(here, name)
                    with open(whole, "rb") as file:
                        found[os.path.relpath(whole, path).replace(os.sep, "/")] = file.read()
    except OSError as error:
        raise UsageError(
            f"{error.filename or path}: {error.strerror}", hint="--dir names a folder on this machine"
        ) from None
    return found


def difference(name: str, old: str, new: str, secrets: Iterable[str] = ()) -> str:
    """A unified diff; these secrets, and what looks like one, masked."""
    hidden = tuple(secrets)
    lines = difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), name, name)
    return "".join(
        mask(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n", *hidden) for line in lines
    )


def rewrite(files: list[tuple[str, str]]) -> None:
    """Each file with its new text, whole or not at all; its mode stays. Raises LockmasterError."""
    for path, text in files:
        target = os.path.realpath(path)
        try:
            handle, aside = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".lockmaster-")
            try:
                with open(handle, "wb") as file:
                    file.write(text.encode())
                os.chmod(aside, os.stat(target).st_mode & 0o7777)
                os.replace(aside, target)
            except BaseException:
                os.unlink(aside)
                raise
        except OSError as error:
            raise LockmasterError(f"{path}: {error.strerror}", hint="may this user write there?") from error


def _raise(error: OSError) -> None:
    raise error
