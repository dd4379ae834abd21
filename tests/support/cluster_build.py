"""The programs of tools/cluster: built from Go modules, once for what their sources are, into a cache outside the tree.

`make cluster-build` runs this file. A cold build takes about twenty minutes on two cores, so no test does it by the way.
Two parts, so that a change of the one leaves the other as it is: `kube` (Kubernetes, etcd and CoreDNS in one program)
and `node` (containerd, its shim, runc, two network plugins, and the image of the sandbox's process).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.image import Image, Layer, write
from tests.support.needs import need, need_program
from tests.support.sources import cache_folder, only_one

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = Path(__file__).resolve().parents[2] / "tools" / "cluster"
_CONTAINERD = "github.com/containerd/containerd/v2"
_PLUGINS = "github.com/containernetworking/plugins"
_VERSION = "k8s.io/component-base/version"


def place(part: str) -> Path:
    """Say where the programs of just these sources are, or will be."""
    digest = hashlib.sha256()
    for folder in (part, "pause") if part == "node" else (part,):
        for path in sorted((SOURCE / folder).iterdir()):
            digest.update(path.read_bytes())
    return cache_folder() / f"cluster-{part}-{digest.hexdigest()[:12]}"


def programs(*parts: str) -> list[Path]:
    """Find them; without them the test is skipped, or fails where everything is required."""
    found = [place(part) for part in parts]
    for folder in found:
        need(folder, "needs the programs of tools/cluster (run `make cluster-build`: needs go, takes twenty minutes)")
    return found


def build(part: str) -> Path:
    """Build a part unless it is there; two callers at once build it once, and the name never holds half of it."""
    target = place(part)
    with only_one(cache_folder() / f"cluster-{part}.lock"):
        if not target.exists():
            scratch = target.with_suffix(".part")
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
            _BUILDERS[part](scratch)
            scratch.rename(target)
    return target


def _kube(out: Path) -> None:
    version = _version("kube", "k8s.io/kubernetes")
    major, minor, _ = version.removeprefix("v").split(".")
    # Without its version the API server refuses some settings.
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    values |= {"gitCommit": "unknown", "buildDate": "1970-01-01T00:00:00Z"}
    stamps = " ".join(f"-X {_VERSION}.{key}={value}" for key, value in values.items())
    _go_build("kube", out / "kube", ".", stamps)


def _node(out: Path) -> None:
    need(_has_seccomp(), "needs the Debian package libseccomp-dev, to build runc")
    containerd = _version("node", _CONTAINERD)
    stamps = f"-X {_CONTAINERD}/version.Version={containerd} -X {_CONTAINERD}/version.Package=containerd"
    _go_build("node", out / "containerd", ".", stamps)
    shim = "containerd-shim-runc-v2"
    _go_build("node", out / shim, f"{_CONTAINERD}/cmd/{shim}", stamps, "-tags", "no_grpc")
    plugins = f"-X {_PLUGINS}/pkg/utils/buildversion.BuildVersion={_version('node', _PLUGINS)}"
    for plugin in ("main/bridge", "ipam/host-local"):
        _go_build("node", out / Path(plugin).name, f"{_PLUGINS}/plugins/{plugin}", plugins)
    runc = ["-tags", "seccomp netgo osusergo"]
    _go_build("node", out / "runc", "github.com/opencontainers/runc", "-extldflags -static", *runc, cgo=True)
    _pause(out)


def _pause(out: Path) -> None:
    gcc = need_program("gcc", "gcc")
    subprocess.run([gcc, "-static", "-Os", "-s", "-o", out / "pause", SOURCE / "pause" / "pause.c"], check=True)
    layer = Layer().file(out / "pause", "/pause")
    write(out / "pause.tar", [Image("localhost/pause:1", [layer], entrypoint=["/pause"])])


def _has_seccomp() -> bool:
    pkg_config = shutil.which("pkg-config")
    return bool(pkg_config) and not subprocess.run([pkg_config, "libseccomp"], check=False).returncode


_BUILDERS: dict[str, Callable[[Path], None]] = {"kube": _kube, "node": _node}


def _version(part: str, module: str) -> str:
    return _go(part, "list", "-m", "-f", "{{.Version}}", module).strip()


def _go_build(part: str, out: Path, package: str, stamps: str, *flags: str, cgo: bool = False) -> None:
    fixed = ["-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {stamps}"]
    _go(part, "build", *fixed, *flags, "-o", str(out), package, cgo=cgo)


def _go(part: str, *args: str, cgo: bool = False) -> str:
    command = ["nice", need_program("go", "golang"), *args]
    environment = os.environ | {"CGO_ENABLED": str(int(cgo))}
    run = partial(subprocess.run, cwd=SOURCE / part, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return str(run(command).stdout)


if __name__ == "__main__":
    if sys.argv[1:] == ["--path"]:
        print(f"{place('kube')}:{place('node')}")  # noqa: T201 - for who starts tools/cluster/cluster
    else:
        for name in ("kube", "node"):
            began = time.monotonic()
            print(f"{build(name)} ({time.monotonic() - began:.0f} s)")  # noqa: T201 - said to who runs make
