"""`image`: the image's file system, made once by the real maker. `bundle`: what of it `make bundle` makes too.

Every file here has the group `bundle`: all run in one process, so that what is made once is made once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.bundle.rooms import Room
from tests.support.needs import need
from tools.bundle import programs
from tools.image import root

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the root of the image's file system."""
    need(not programs.compilers(), programs.compilers())
    folder = tmp_path_factory.mktemp("image") / "root"
    before = os.umask(0o077)  # must not matter
    try:
        root.make(folder)
    finally:
        os.umask(before)
    for parent in (folder, folder.parent, folder.parent.parent):
        parent.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def bundle(image: Path) -> Path:
    """Give the bundle: the image's, without the extras."""
    folder = image.parent / "bundle"
    subprocess.run(["cp", "-al", image / "lockmaster", folder], check=True)
    shutil.rmtree(folder / "extras")
    return folder


@pytest.fixture
def make_room(bundle: Path, tmp_path: Path) -> Callable[[str], Room]:
    """Make rooms: make_room("alpine")."""
    return lambda kind: Room(tmp_path, kind, bundle)
