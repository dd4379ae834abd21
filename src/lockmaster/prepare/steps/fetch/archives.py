"""The entries of an archive: tar as it is or compressed, and zip. What an archive is, its first bytes say.

Nothing is written here. What is read is bounded: a header that claims to be larger than any header is an error, and so
is more than `limit` bytes out of a compressed tar.
"""

from __future__ import annotations

import stat
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

from lockmaster.errors import StepFailedError, UsageError
from lockmaster.prepare.steps.fetch.ports import Entry
from lockmaster.prepare.steps.fetch.tree import components, too_large

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 18
_MOST_AT_ONCE = 16 << 20  # bytes of one header, or of a zip file's directory
_ODD = "files, folders and links are unpacked, and nothing else"
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, ValueError)


class Bounded:
    """A stream that gives no more than `limit` bytes, and not many at once."""

    def __init__(self, file: Any, limit: int) -> None:
        self._file, self._limit = file, limit

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > _MOST_AT_ONCE:
            raise StepFailedError(
                "a header in the archive is larger than any header is", hint="it is broken, or an attack"
            )
        return cast("bytes", self._file.read(size))

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == 0 and offset > self._limit:
            raise too_large(self._limit)
        return cast("int", self._file.seek(offset, whence))

    def tell(self) -> int:
        at = cast("int", self._file.tell())
        if at > self._limit:
            raise too_large(self._limit)
        return at

    def seekable(self) -> bool:
        return True


def entries(file: IO[bytes], limit: int) -> Iterator[Entry]:
    """The entries, in their order. Raises StepFailedError for what is no archive, or holds what is not unpacked."""
    head = file.read(512)
    file.seek(0)
    with _explained():
        if head.startswith((b"PK\3\4", b"PK\5\6")):
            yield from _zip(file)
        else:
            yield from _tar(Bounded(_opened(file, head), limit))


@contextmanager
def _explained() -> Iterator[None]:
    """Turns what the libraries raise for a bad archive into StepFailedError."""
    try:
        yield
    except Exception as error:
        own = isinstance(error, OSError) and error.errno is None  # gzip's and bz2's are bare OSErrors
        if own or isinstance(error, _BROKEN) or type(error).__name__ in ("LZMAError", "ZstdError"):
            hint = "sha256 tells when it is not the right one"
            raise StepFailedError(f"the archive is broken: {error}", hint=hint) from error
        raise


def _opened(file: IO[bytes], head: bytes) -> Any:
    """The tar inside."""
    if head.startswith(b"\x1f\x8b"):
        import gzip

        return gzip.open(file)
    if head.startswith(b"\xfd7zXZ\0"):
        import lzma

        return lzma.open(file)
    if head.startswith(b"BZh"):
        import bz2

        return bz2.open(file)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return _zstd(file)
    if head[257:262] == b"ustar" or head.strip(b"\0") == b"":
        return file
    hint = "unpack takes tar, tar.gz, tar.bz2, tar.xz, tar.zst and zip; without unpack it stays a file"
    raise StepFailedError("it is no archive", hint=hint)


def _zstd(file: IO[bytes]) -> Any:
    """Python has zstd since 3.14; before, a package of the same shape brings it."""
    from importlib import import_module

    for name in ("compression.zstd", "backports.zstd"):
        try:
            return import_module(name).open(file)
        except ImportError:
            continue
    raise UsageError(
        "this Python cannot read zstd", hint="Python 3.14, or pip install backports.zstd; or another compression"
    )


def _tar(file: Any) -> Iterator[Entry]:
    with tarfile.open(fileobj=file, mode="r:") as archive:
        while (member := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined] # else it remembers all of them
            name = member.name
            components(name)
            if member.isdir():
                yield Entry(name, "folder")
            elif member.issym():
                yield Entry(name, "link", target=member.linkname)
            elif member.islnk():
                yield Entry(name, "same", target=member.linkname)
            elif member.isreg():
                yield Entry(name, "file", _mode(member), chunks=_reading(archive, member))
            else:
                raise StepFailedError(f"{name} is a device or a pipe", hint=_ODD)
        while file.read(_CHUNK):  # to the end: there stands the checksum of what was compressed
            file.tell()


def _mode(member: tarfile.TarInfo) -> int:
    """Its mode as Python's own filter for data has it; Python 3.11 has that since 3.11.4."""
    data_filter = getattr(tarfile, "data_filter", None)
    return int((data_filter(member, "/nowhere") if data_filter else member).mode or 0o644)


def _reading(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Any:
    def chunks() -> Iterator[bytes]:
        with _explained():
            file = archive.extractfile(member)
            while file and (chunk := file.read(_CHUNK)):
                yield chunk

    return chunks


def _zip(file: IO[bytes]) -> Iterator[Entry]:
    with zipfile.ZipFile(cast("IO[bytes]", _ZipBounded(file))) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            mode = (info.external_attr >> 16) & 0o777 or 0o644
            if info.flag_bits & 1:
                raise StepFailedError(f"{info.filename} is encrypted", hint="unpack knows no passwords")
            if info.is_dir():
                yield Entry(info.filename, "folder")
            elif kind == stat.S_IFLNK:
                if info.file_size > 4096:
                    raise StepFailedError(f"{info.filename} is a link that is too long")
                yield Entry(info.filename, "link", target=archive.read(info).decode("utf-8", "surrogateescape"))
            elif kind in (0, stat.S_IFREG):
                yield Entry(info.filename, "file", mode, chunks=_unzipping(archive, info))
            else:
                raise StepFailedError(f"{info.filename} is a device or a pipe", hint=_ODD)


def _unzipping(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Any:
    def chunks() -> Iterator[bytes]:
        with _explained(), archive.open(info) as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    return chunks


class _ZipBounded:
    """A file whose reader asks for a whole directory at once: not for more than such a directory may be."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable, self.close = file.seek, file.tell, file.seekable, file.close

    def read(self, size: int = -1) -> bytes:
        if size > _MOST_AT_ONCE:
            raise StepFailedError(
                "the directory of the zip file is larger than 16 MiB", hint="it is broken, or an attack"
            )
        return self._file.read(size)
