"""The standard library, without what a tool for the command line never imports."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tools.bundle.content import EXTENSIONS_WITHOUT, STDLIB_FOLDERS, STDLIB_WITHOUT

if TYPE_CHECKING:
    from pathlib import Path

    from tools.bundle.interpreter import Interpreter

_NEVER = shutil.ignore_patterns("__pycache__", "test", "tests", "*.exe", "*.a", "*.o", "*.so")


def copy(interpreter: Interpreter, target: Path) -> list[Path]:
    """Copy modules and extension modules. The extension modules, which have libraries of their own to follow."""
    target.mkdir(parents=True)
    for path in sorted(interpreter.stdlib.iterdir()):
        if path.is_dir() and STDLIB_FOLDERS.match(path.name):
            shutil.copytree(path, target / path.name, ignore=_NEVER)
        elif path.is_file() and not STDLIB_WITHOUT.match(path.name):
            shutil.copyfile(path, target / path.name)
    extensions = target / "lib-dynload"
    extensions.mkdir()
    copied = []
    for path in sorted(interpreter.extensions.glob("*.so")):
        if not EXTENSIONS_WITHOUT.match(path.name):
            copied.append(extensions / path.name)
            shutil.copyfile(path, copied[-1])
    return copied
