"""Archives as tests need them, good ones and bad ones."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Member = tuple[str, Any]  # a name; text, or the attributes of a TarInfo


def tar(path: Path, *members: Member, mode: str = "w:gz") -> Path:
    """Write a tar. A member is a file with its text, or what its header says: {"type": tarfile.SYMTYPE, "linkname": x}."""
    with tarfile.open(path, mode) as archive:
        for name, what in members:
            info = tarfile.TarInfo(name)
            data = b""
            if isinstance(what, dict):
                for key, value in what.items():
                    setattr(info, key, value)
            else:
                data = what.encode() if isinstance(what, str) else what
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def link(target: str) -> dict[str, Any]:
    return {"type": tarfile.SYMTYPE, "linkname": target}


def hard(target: str) -> dict[str, Any]:
    return {"type": tarfile.LNKTYPE, "linkname": target}


def zipped(path: Path, *members: Member, kind: int = stat.S_IFREG) -> Path:
    """Write a zip. A member is a file with its text, or a link, as a dict from `link`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, what in members:
            info = zipfile.ZipInfo(name)
            is_link = isinstance(what, dict)
            info.external_attr = ((stat.S_IFLNK if is_link else kind) | 0o644) << 16
            archive.writestr(info, what["linkname"] if is_link else what)
    return path
