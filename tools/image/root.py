"""The image's file system: the bundle at /lockmaster with its extras, and the few files that libraries look for.

The Dockerfile and `make image` both call `make`; nothing else decides what is in the image.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tools.bundle import build

if TYPE_CHECKING:
    from pathlib import Path

PLACE = "lockmaster"  # below /: the same for `COPY --from`, for an image volume and for the entrypoint
USER = 10001
_FILES = {
    "etc/passwd": f"root:x:0:0:root:/:/none\nlockmaster:x:{USER}:{USER}:lockmaster:/tmp:/none\n",
    "etc/group": f"root:x:0:\nlockmaster:x:{USER}:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}


def make(root: Path, python: str | None = None) -> build.Made:
    """Write it to `root`, in place of what is there."""
    shutil.rmtree(root, ignore_errors=True)
    made = build.bundle(root / PLACE, python)
    build.extras(made)
    for name, text in _FILES.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    certificates = root / "etc" / "ssl" / "certs" / "ca-certificates.crt"
    certificates.parent.mkdir(parents=True)
    shutil.copyfile(made.root / "lib" / "authorities.pem", certificates)
    for path in (root, *root.glob("etc/**/*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (root / "etc").chmod(0o755)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    return made
