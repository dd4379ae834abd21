"""One hash for a folder: names, modes and contents, so that two folders can be said to be the same."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def digest(root: Path) -> str:
    """SHA-256 of everything below `root`. No times, no owners."""
    total = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_dir():
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.stat().st_mode & 0o777:o} {content} {name}\n".encode())
    return total.hexdigest()
