"""The program of tests/support/apiserver.py: built once from tools/apiserver, into a cache outside the tree.

`make apiserver` runs this file. A cold build takes six minutes on two cores, so a test does not do it by the way.
"""

import fcntl
import hashlib
import os
import subprocess
import time
from pathlib import Path

from tests.support.needs import need, need_program
from tests.support.sources import cache_folder

SOURCE = Path(__file__).resolve().parents[2] / "tools" / "apiserver"
_VERSION = "k8s.io/component-base/version"


def place() -> Path:
    """Say where the program of just these sources is, or will be."""
    digest = hashlib.sha256()
    for path in sorted(SOURCE.iterdir()):
        digest.update(path.read_bytes())
    return cache_folder() / f"apiserver-{digest.hexdigest()[:12]}"


def program() -> Path:
    """Find the program; without it the test is skipped, or fails where everything is required."""
    found = place()
    need(found, "needs a kube-apiserver (run `make apiserver`: needs go, takes some minutes)")
    return found


def build() -> Path:
    """Build it unless it is there; two callers at once build it once, and the name never holds half a program."""
    target = place()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name("apiserver.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            part = target.with_suffix(".part")
            _go("build", "-trimpath", "-buildvcs=false", "-ldflags", _stamp(), "-o", str(part), ".")
            part.rename(target)
    return target


def _stamp() -> str:
    """Tell the program its version: it refuses some settings without."""
    version = _go("list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes").strip()
    major, minor, _ = version.removeprefix("v").split(".")
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return " ".join(["-s -w", *(f"-X {_VERSION}.{key}={value}" for key, value in values.items())])


def _go(*args: str) -> str:
    command = [need_program("go", "golang"), *args]
    environment = os.environ | {"CGO_ENABLED": "0"}
    return subprocess.run(command, cwd=SOURCE, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    began = time.monotonic()
    print(f"{build()} ({time.monotonic() - began:.0f} s)")  # noqa: T201 - said to who runs make
