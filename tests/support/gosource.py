"""Programs whose Go sources are here, below tools/: built once for just these sources, into a cache outside the tree."""

import fcntl
import hashlib
import os
import subprocess
from pathlib import Path

from tests.support.needs import need, need_program
from tests.support.sources import cache_folder

TOOLS = Path(__file__).resolve().parents[2] / "tools"


def from_source(name: str) -> Path:
    """Give the program of `tools/NAME`; without it the test is skipped, or fails where everything is required."""
    target = _place(name)
    need(target.exists(), f"needs tools/{name} (run `make go-programs`: needs go, takes some minutes)")
    return target


def build(name: str) -> Path:
    """Build it unless it is there; two callers at once build it once."""
    target = _place(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            part = target.with_suffix(".part")
            command = [need_program("go", "golang"), "build", "-trimpath", "-buildvcs=false", "-o", str(part), "."]
            subprocess.run(command, cwd=TOOLS / name, env=os.environ | {"CGO_ENABLED": "0"}, check=True)
            part.rename(target)
    return target


def _place(name: str) -> Path:
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted((TOOLS / name).iterdir())))
    return cache_folder() / f"{name}-{digest.hexdigest()[:12]}"
