"""The packages of this environment: which ones an extra needs, and their files.

They are taken from where `make` has installed them, by their hashes, so a bundle is made without a network.
"""

from __future__ import annotations

import importlib.metadata
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.bundle.content import PACKAGES_WITHOUT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import Distribution

OURS = "lockmaster"
SOURCE = Path(__file__).resolve().parents[2] / "src" / OURS


def needed(extras: Iterable[str]) -> list[Distribution]:
    """Everything that Lockmaster with these extras needs, sorted by name, without Lockmaster itself."""
    found: dict[str, set[str]] = {}
    todo = [(OURS, frozenset(extras))]
    while todo:
        name, wanted = todo.pop()
        if name in found and wanted <= found[name]:
            continue
        found.setdefault(name, set()).update(wanted)
        for text in importlib.metadata.distribution(name).requires or []:
            one = Requirement(text)
            asked = [{"extra": extra} for extra in ("", *wanted)]
            if one.marker is None or any(one.marker.evaluate(environment) for environment in asked):
                todo.append((canonicalize_name(one.name), frozenset(one.extras)))
    return [importlib.metadata.distribution(name) for name in sorted(found.keys() - {OURS})]


def one(name: str) -> Distribution:
    """One package of this environment."""
    return importlib.metadata.distribution(name)


def place(distribution: Distribution, file: str) -> Path:
    """Where a file of a package lies."""
    return Path(str(distribution.locate_file(file)))


def copy(distribution: Distribution, target: Path) -> None:
    """Copy what is needed at run time; of its metadata what `importlib.metadata` answers from."""
    for file in distribution.files or []:
        path = file.as_posix()
        if ".dist-info/" in path:
            if file.name not in ("METADATA", "entry_points.txt"):
                continue
        elif PACKAGES_WITHOUT.search(path):
            continue
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(str(file.locate())), place)


def copy_ours(target: Path) -> None:
    """Copy Lockmaster itself, from its sources."""
    shutil.copytree(SOURCE, target / OURS, ignore=shutil.ignore_patterns("__pycache__"))
