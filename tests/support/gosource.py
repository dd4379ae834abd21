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
    """Give the program of `tools/NAME`; two callers at once build it once."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted((TOOLS / name).iterdir())))
    target = cache_folder() / f"{name}-{digest.hexdigest()[:12]}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            part = target.with_suffix(".part")
            command = [need_program("go", "golang"), "build", "-trimpath", "-buildvcs=false", "-o", str(part), "."]
            environment = os.environ | {"CGO_ENABLED": "0"}
            done = subprocess.run(
                command, cwd=TOOLS / name, env=environment, capture_output=True, text=True, check=False
            )
            need(done.returncode == 0, f"{' '.join(command)} failed: {done.stderr[-500:]}")
            part.rename(target)
    return target
