"""Container images from files of this machine, with no container tool: an archive as `docker save` writes it.

    base = Layer().program("/bin/sh").program("node")
    write(archive, [Image("docker.io/library/app:1", [base, Layer().add(folder, "/app")], cmd=["node", "server.js"])])

Images in one archive share their layers. The same input gives the same bytes: times are zero, and names sorted.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from tests.support.needs import need

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CPU = {"x86_64": "amd64", "aarch64": "arm64"}
_EPOCH = "1970-01-01T00:00:00Z"


class Entry(NamedTuple):
    """One path in a layer: a folder, a link, a text, or a file of this machine."""

    kind: bytes
    mode: int
    link: str = ""
    text: bytes = b""
    source: Path | None = None


class Layer:
    """Paths with what they hold; what is added later wins."""

    def __init__(self, owner: int = 0) -> None:
        """Make an empty one, whose files belong to the user `owner`."""
        self.owner = owner
        self.entries: dict[str, Entry] = {}

    def folder(self, path: str, mode: int = 0o755) -> Self:
        path = path.strip("/")
        while path:
            self.entries.setdefault(path, Entry(tarfile.DIRTYPE, mode))
            path, mode = os.path.dirname(path), 0o755  # noqa: PTH120 - a path of the image
        return self

    def text(self, path: str, text: str, mode: int = 0o644) -> Self:
        return self._put(path, Entry(tarfile.REGTYPE, mode, text=text.encode()))

    def link(self, target: str, path: str) -> Self:
        return self._put(path, Entry(tarfile.SYMTYPE, 0o777, link=target))

    def file(self, source: Path, path: str) -> Self:
        return self._put(path, Entry(tarfile.REGTYPE, source.stat().st_mode & 0o7777, source=source))

    def add(self, source: Path, path: str, skip: Sequence[str] = ()) -> Self:
        """Add a file, or a folder with all that is in it but the names to `skip`; links are kept as links."""
        if source.is_symlink():
            return self.link(str(source.readlink()), path)
        if source.is_file():
            return self.file(source, path)
        self.folder(path, source.stat().st_mode & 0o7777)
        for child in sorted(source.iterdir()):
            if child.name not in skip:
                self.add(child, f"{path.rstrip('/')}/{child.name}", skip)
        return self

    def program(self, name: str, path: str = "") -> Self:
        """Add a program of this machine, with the shared libraries that it loads; at the same path if none is given."""
        found = shutil.which(name)
        need(found, f"needs the program {name}, for an image")
        assert found
        return self.file(Path(found).resolve(), path or found).libraries([Path(found)])

    def libraries(self, programs: Iterable[Path]) -> Self:
        for program in programs:
            said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
            if "not found" in said:
                raise RuntimeError(f"{program} lacks a library:\n{said}")
            for path in re.findall(r"(/\S+) \(0x", said):
                self.file(Path(path).resolve(), path)  # at the path that it is looked for, whatever links lead there
        return self

    def _put(self, path: str, entry: Entry) -> Self:
        path = path.strip("/")
        self.folder(os.path.dirname(path))  # noqa: PTH120 - a path of the image
        self.entries[path] = entry
        return self

    def write(self, path: Path) -> str:
        """Write it as a tar file; its digest."""
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
            for name, entry in sorted(self.entries.items()):
                info = tarfile.TarInfo(name)
                info.type, info.mode, info.linkname = entry.kind, entry.mode, entry.link
                info.uid = info.gid = self.owner
                data = entry.source.read_bytes() if entry.source else entry.text
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


class Image(NamedTuple):
    """An image: its name, its layers from the bottom up, and what runs in it."""

    name: str
    layers: Sequence[Layer]
    cmd: Sequence[str] = ()
    entrypoint: Sequence[str] = ()
    workdir: str = "/"
    user: str = ""
    env: Sequence[str] = ()

    def config(self, digests: Sequence[str]) -> bytes:
        path = [] if any(one.startswith("PATH=") for one in self.env) else [PATH]
        settings = {
            "Env": [*path, *self.env], "WorkingDir": self.workdir, "User": self.user,
            "Cmd": list(self.cmd) or None, "Entrypoint": list(self.entrypoint) or None,
        }  # fmt: skip
        config = {
            "architecture": _CPU.get(platform.machine(), platform.machine()), "os": "linux", "created": _EPOCH,
            "config": settings, "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        }  # fmt: skip
        return json.dumps(config, sort_keys=True).encode()


def write(archive: Path, images: Sequence[Image]) -> None:
    """Write images into one archive; a layer that several have is in it once."""
    known: dict[int, str] = {}
    manifest = []
    with tarfile.open(archive, "w") as tar:
        for image in images:
            for layer in image.layers:
                if id(layer) not in known:
                    known[id(layer)] = _add_layer(tar, layer, archive.with_suffix(".layer"))
            digests = [known[id(layer)] for layer in image.layers]
            config = image.config(digests)
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            _add(tar, name, config)
            layers = [f"{digest}/layer.tar" for digest in digests]
            manifest.append({"Config": name, "RepoTags": [image.name], "Layers": layers})
        _add(tar, "manifest.json", json.dumps(manifest).encode())


def _add_layer(tar: tarfile.TarFile, layer: Layer, scratch: Path) -> str:
    digest = layer.write(scratch)
    tar.add(scratch, f"{digest}/layer.tar", filter=_plain)
    scratch.unlink()
    return digest


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.mtime = info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
