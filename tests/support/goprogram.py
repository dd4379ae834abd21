"""Servers that are written in Go and that no package of Debian has, into a cache outside the tree.

A version is built once for a machine. The first time takes up to some minutes: such a test has a time limit to match.
"""

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.support.needs import need, need_program
from tests.support.sources import cache_folder


def by_go(module: str, version: str) -> Path:
    """Give the program of a Go module; two callers at once build it once."""
    path = re.sub(r"/v\d+$", "", module)
    name = path.rpartition("/")[2]
    folder = cache_folder() / f"{name}-{version}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            part = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            command = [need_program("go", "golang"), "install", f"{module}@{version}"]
            env = os.environ | {"GOBIN": str(part)}
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            need(done.returncode == 0, f"{' '.join(command)} failed: {done.stderr[-500:]}")
            part.rename(folder)
    return folder / name
