"""Sources become bytecode without sources: nothing to compare, nothing to write, half the size. Same in, same out."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# A hash instead of the time of the file, and no randomness in the order of a set.
_COMPILE = """
import compileall, sys, py_compile
sys.exit(not compileall.compile_dir(
    sys.argv[1], quiet=1, legacy=True, stripdir=sys.argv[3], maxlevels=30, optimize=int(sys.argv[2]),
    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH, workers=1))
"""


def compile_all(python: Path, folder: Path, *, root: Path | None = None, optimize: int = 2) -> None:
    """Compile every source below `folder` with the interpreter that will read it, and remove it.

    `optimize` is as for Python's -O: 2 leaves docstrings and asserts out. In tracebacks, paths begin below `root`.
    """
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    arguments = [str(folder), str(optimize), str(root or folder)]
    subprocess.run([str(python), "-s", "-B", "-c", _COMPILE, *arguments], env=environment, check=True)
    for path in folder.rglob("*.py"):
        path.unlink()
