"""Programs that are written in Go and that no package of Debian has, in a cache outside the tree.

`make go-programs` builds each version once for a machine. That takes minutes, longer than a test may, so a test only
looks for what is there.
"""

import fcntl
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from tests.support import gosource
from tests.support.needs import need, need_program
from tests.support.sources import cache_folder

FAKE_GCS = ("github.com/fsouza/fake-gcs-server", "v1.56.1")
HELM3 = ("helm.sh/helm/v3/cmd/helm", "v3.22.0")
HELM4 = ("helm.sh/helm/v4/cmd/helm", "v4.3.2")
KUBE_SCORE = ("github.com/zegl/kube-score/cmd/kube-score", "v1.20.0")
KUSTOMIZE = ("sigs.k8s.io/kustomize/kustomize/v5", "v5.8.2")
REGISTRY = ("github.com/google/go-containerregistry/cmd/registry", "v0.22.1")
PROGRAMS = (FAKE_GCS, HELM3, HELM4, KUBE_SCORE, KUSTOMIZE, REGISTRY)


def by_go(module: str, version: str) -> Path:
    """Give the program of a Go module; without it the test is skipped, or fails where everything is required."""
    folder, name = _place(module, version)
    need(folder.exists(), f"needs {name} {version} (run `make go-programs`: needs go, takes some minutes)")
    return folder / name


def build(module: str, version: str) -> Path:
    """Build it unless it is there; two callers at once build it once."""
    folder, name = _place(module, version)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            part = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            command = [need_program("go", "golang"), "install", f"{module}@{version}"]
            subprocess.run(command, env=os.environ | {"GOBIN": str(part)}, check=True)
            part.rename(folder)
    return folder / name


def _place(module: str, version: str) -> tuple[Path, str]:
    """Give its folder in the cache, and what it is called there."""
    name = re.sub(r"/v\d+$", "", module).rpartition("/")[2]
    return cache_folder() / f"{name}-{version}", name


if __name__ == "__main__":
    for program in PROGRAMS:
        began = time.monotonic()
        print(f"{build(*program)} ({time.monotonic() - began:.0f} s)", flush=True)  # noqa: T201 - said to who runs make
    print(gosource.build("flux"))  # noqa: T201
