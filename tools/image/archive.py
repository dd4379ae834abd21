"""The image as one archive, in the layout of OCI, with docker's manifest.json beside it: containerd and docker read it.

oci-layout, index.json      what `ctr images import` reads
manifest.json               what `docker load` of any version reads
blobs/sha256/...            layers, configuration, manifest

Nothing in it depends on the time, the machine's user or the order of a folder.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any, NamedTuple

from tools.bundle import pack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_OCI = "application/vnd.oci.image"
_EPOCH = "1970-01-01T00:00:00Z"


class Layer(NamedTuple):
    """One layer: its compressed bytes, and the digest of what they hold."""

    blob: bytes
    diff_id: str


def layer(root: Path, wanted: Callable[[str], bool]) -> Layer:
    """What is below `root` and wanted (by its name, like `lockmaster/lib`), as a layer."""
    plain, packed = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(root.iterdir()):
            pack.add(archive, path, path.name, wanted)
    with pack.compressed(packed) as stream:
        stream.write(plain.getvalue())
    return Layer(packed.getvalue(), _digest(plain.getvalue()))


def write(target: Path, layers: list[Layer], config: dict[str, Any], architecture: str, name: str) -> str:
    """Write the archive. The digest of the image's manifest, which is its name everywhere."""
    configuration = _json(
        {
            "created": _EPOCH,
            "architecture": architecture,
            "os": "linux",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [one.diff_id for one in layers]},
            "history": [{"created": _EPOCH, "created_by": "make image"} for _ in layers],
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": _described(f"{_OCI}.config.v1+json", configuration),
            "layers": [_described(f"{_OCI}.layer.v1.tar+gzip", one.blob) for one in layers],
        }
    )
    platform = {"architecture": architecture, "os": "linux"}
    names = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
    described = _described(f"{_OCI}.manifest.v1+json", manifest) | {"platform": platform, "annotations": names}
    index = {"schemaVersion": 2, "mediaType": f"{_OCI}.index.v1+json", "manifests": [described]}
    docker = [
        {
            "Config": _path(configuration),
            "RepoTags": [name.removeprefix("docker.io/library/")],
            "Layers": [_path(one.blob) for one in layers],
        }
    ]
    files = {
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
        "index.json": _json(index),
        "manifest.json": _json(docker),
        **{_path(blob): blob for blob in (configuration, manifest, *(one.blob for one in layers))},
    }
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return _digest(manifest)


def _described(kind: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": _digest(blob), "size": len(blob)}


def _path(blob: bytes) -> str:
    return f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}"


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
