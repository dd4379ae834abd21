"""The path that was named, opened without following a symbolic link anywhere on the way.

Whoever may write to a volume may put a link where a folder was, before or while this runs. So each component is opened
below the one before, and what is opened is a descriptor: it stays the same file, whatever becomes of the name.
"""

from __future__ import annotations

import errno
import os

from lockmaster.errors import StepFailedError

_PATH = getattr(os, "O_PATH", 0)  # Linux's
HANDLE = _PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = _PATH | os.O_DIRECTORY | os.O_CLOEXEC
_FOLLOW = "name the real path, or say follow: true (--follow) where nobody else may write on the way"


def open_path(folder: str, path: str, *, follow: bool, create: bool) -> tuple[int, bool]:
    """A handle (O_PATH) of the file or folder, and whether it was made just now.

    `folder` is where a relative path starts; it is trusted. Raises StepFailedError.
    """
    if follow:
        path = os.path.realpath(os.path.join(folder, path))
    start = os.open("/" if os.path.isabs(path) else folder or ".", _FOLDER)
    names = [name for name in os.path.normpath(path).split("/") if name not in ("", ".")]
    return _Descent(path, start, create=create).to(names)


class _Descent:
    def __init__(self, path: str, start: int, *, create: bool) -> None:
        self._path, self._at, self._create = path, start, create

    def to(self, names: list[str]) -> tuple[int, bool]:
        made = False
        try:
            for number, name in enumerate(names):
                below, made = self._step(name, last=number == len(names) - 1)
                os.close(self._at)
                self._at = below
        except BaseException:
            os.close(self._at)
            raise
        return self._at, made

    def _step(self, name: str, *, last: bool) -> tuple[int, bool]:
        made = False
        try:
            handle = os.open(name, HANDLE, dir_fd=self._at)
        except FileNotFoundError:
            if not self._create:
                hint = "create: true (--create) makes the folder"
                raise StepFailedError(f"{self._path}: {_what(name, last=last)} is not there", hint=hint) from None
            handle, made = self._made(name)
        except NotADirectoryError:
            raise StepFailedError(f"{self._path}: {name} stands below something that is no folder") from None
        try:
            self._refuse_link(handle, name)
        except BaseException:
            os.close(handle)
            raise
        return handle, made

    def _made(self, name: str) -> tuple[int, bool]:
        """The folder, made by us or by somebody who was quicker."""
        made = True
        try:
            os.mkdir(name, 0o755, dir_fd=self._at)
        except FileExistsError:
            made = False
        except OSError as error:
            raise StepFailedError(
                f"{self._path}: cannot make {name}: {error.strerror}", hint=_cannot_make(error)
            ) from error
        return os.open(name, HANDLE, dir_fd=self._at), made

    def _refuse_link(self, handle: int, name: str) -> None:
        import stat

        if not stat.S_ISLNK(os.fstat(handle).st_mode):
            return
        target = os.readlink("", dir_fd=handle)
        raise StepFailedError(f"{self._path}: {name} is a symbolic link to {target}", hint=_FOLLOW)


def _what(name: str, *, last: bool) -> str:
    return "it" if last else name


def _cannot_make(error: OSError) -> str:
    if error.errno == errno.EROFS:
        return "mounted read-only"
    return "look at owner and mode of the folder above, and at fsGroup of the volume"
