"""`make image`: dist/lockmaster-image.tar, made without a network and without a daemon; its sizes are printed.

docker load -i dist/lockmaster-image.tar
ctr -n k8s.io images import dist/lockmaster-image.tar

What is in it is decided by root.py, for this and for the Dockerfile.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

from tools.bundle import __main__ as bundle
from tools.bundle import build, content, programs
from tools.image import archive, root

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
EXTRAS = f"{root.PLACE}/extras"


def config() -> dict[str, object]:
    """How containers of it start, and what it says of itself."""
    return {
        "User": f"{root.USER}:{root.USER}",
        "Env": [f"PATH=/{root.PLACE}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        "Entrypoint": [f"/{root.PLACE}/lockmaster"],
        "WorkingDir": "/",
        "Labels": {
            "org.opencontainers.image.title": "lockmaster",
            "org.opencontainers.image.description": "The schema is ready before the application starts.",
            "org.opencontainers.image.version": build.version(),
            "org.opencontainers.image.licenses": "Apache-2.0",
        },
    }


def layers(folder: Path) -> list[archive.Layer]:
    """The bundle with the small files, then the extras: the first is what most pods run, the second changes less often."""
    return [
        archive.layer(folder, lambda name: not (name == EXTRAS or name.startswith(f"{EXTRAS}/"))),
        archive.layer(folder, lambda name: name in (root.PLACE, EXTRAS) or name.startswith(f"{EXTRAS}/")),
    ]


def main() -> int:
    """Make the image; 1 when it is larger than it may be."""
    parser = argparse.ArgumentParser(prog="tools.image", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path("build/image"), help="folder of its file system, replaced")
    parser.add_argument("--only-root", action="store_true", help="no archive: the Dockerfile copies the folder")
    parser.add_argument("--archive", type=Path, default=Path("dist/lockmaster-image.tar"))
    parser.add_argument("--name", default=f"docker.io/library/lockmaster:{build.version()}")
    parser.add_argument("--python", help="the interpreter that goes in (default: the one under this environment)")
    chosen = parser.parse_args()
    if reason := programs.compilers():
        parser.error(reason)
    os.umask(0o022)
    root.make(chosen.root, chosen.python)
    if chosen.only_root:
        return 0
    made = layers(chosen.root)
    chosen.archive.parent.mkdir(parents=True, exist_ok=True)
    digest = archive.write(chosen.archive, made, config(), ARCHITECTURES[platform.machine()], chosen.name)
    print(f"image: {chosen.name}@{digest}")
    compressed = sum(len(one.blob) for one in made)
    return bundle.report("image", chosen.root, compressed, content.IMAGE_LIMIT, chosen.archive)


if __name__ == "__main__":
    sys.exit(main())
