"""Shared libraries, as the loader of this machine finds them, and the loader itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bundle import elf

if TYPE_CHECKING:
    from collections.abc import Iterable

_FOUND = re.compile(r"^\s*(\S+) => (/.+) \(0x[0-9a-f]+\)$", re.MULTILINE)
_MISSING = re.compile(r"^\s*(\S+) => not found$", re.MULTILINE)
# Nobody names it, and the C library loads it by itself when a thread ends.
_UNNAMED = "libgcc_s.so.1"


def needed(loader: str, files: Iterable[Path]) -> dict[str, Path]:
    """Name and place of every library that these programs and libraries load, found on this machine."""
    found: dict[str, Path] = {}
    for file in files:
        done = subprocess.run(
            [loader, "--list", str(file)], capture_output=True, text=True, check=False, env={"LC_ALL": "C"}
        )
        if missing := _MISSING.findall(done.stdout):
            msg = f"{file}: this machine does not have {', '.join(missing)}"
            raise SystemExit(msg)
        found |= {name: Path(place) for name, place in _FOUND.findall(done.stdout)}
    return found


def copy(found: dict[str, Path], root: Path, target: Path) -> list[Path]:
    """Copy the libraries that do not lie below `root` already. What was copied."""
    copied = []
    for name, place in sorted(found.items()):
        if root.resolve() in place.resolve().parents or (target / name).exists():
            continue
        target.mkdir(exist_ok=True)
        copied.append(target / name)
        shutil.copyfile(place.resolve(), copied[-1])
    return copied


def thread_helper(beside: Path) -> dict[str, Path]:
    """The library that the C library loads by itself, which lies where it does."""
    for folder in (beside.resolve().parent, Path("/lib/x86_64-linux-gnu"), Path("/usr/lib64"), Path("/usr/lib")):
        if (folder / _UNNAMED).exists():
            return {_UNNAMED: folder / _UNNAMED}
    msg = f"this machine does not have {_UNNAMED}"
    raise SystemExit(msg)


def strip(files: Iterable[Path]) -> None:
    """Take out symbols for debuggers, and search paths of the machine that built them."""
    for file in files:
        subprocess.run(["strip", "--strip-unneeded", str(file)], check=True)
        elf.drop_search_paths(file)
