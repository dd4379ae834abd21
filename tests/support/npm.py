"""Packages of npm, exactly as a package-lock.json has them, installed once into a cache outside the tree."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_INSTALL_SECONDS = 600
_FILES = ("package.json", "package-lock.json")


class NpmMissingError(Exception):
    """The packages cannot be had here; the text says why."""


def installed(name: str, folder: Path, proof: str) -> Path:
    """The folder whose `node_modules` holds what `folder`'s lock file names; two callers at once install it once.

    `proof` is a file below it that is there when the installation is whole.
    """
    content = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lockmaster-tests"
    target = cache / f"{name}-{content}"
    if (target / proof).is_file():
        return target
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            msg = f"{tool} is not installed"
            raise NpmMissingError(msg)
    cache.mkdir(parents=True, exist_ok=True)
    with _only_one(cache / f"{name}.lock"):
        if not (target / proof).is_file():
            _install(target, folder, proof)
    return target


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _install(target: Path, folder: Path, proof: str) -> None:
    """`npm ci` beside the target, then one rename: the final name never holds a broken installation."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="installing-") as name:
        building = Path(name) / "project"
        building.mkdir()
        for file in _FILES:
            shutil.copy(folder / file, building)
        done = _ci(building, "--prefer-offline")
        if "ETARGET" in done.stderr:  # the index in npm's cache is older than the lock file
            done = _ci(building)
        if done.returncode != 0 or not (building / proof).is_file():
            msg = f"npm ci exited {done.returncode}: {done.stderr.strip()[-500:]}"
            raise NpmMissingError(msg)
        shutil.rmtree(target, ignore_errors=True)
        building.rename(target)


def _ci(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", *options]
    try:
        return subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        msg = f"npm ci did not end within {_INSTALL_SECONDS} s"
        raise NpmMissingError(msg) from error
