"""The two small things in C: the launcher, which is static, and nss.c, which the loader preloads."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_FLAGS = ["-Wall", "-Wextra", "-Werror", "-Os", "-s"]


def compilers() -> str:
    """Why they cannot be compiled here; "" when they can."""
    missing = [name for name in ("gcc", "strip") if shutil.which(name) is None]
    return f"needs {' and '.join(missing)} (Debian packages gcc, binutils, musl-tools)" if missing else ""


def static_library() -> str:
    """Name of the C library that the launcher is linked with: musl where its compiler is there (14 kB), else glibc."""
    return "musl" if shutil.which("musl-gcc") else "glibc"


def launcher(loader: str, target: Path) -> None:
    """Compile launcher.c for a loader of this name."""
    compiler = "musl-gcc" if static_library() == "musl" else "gcc"
    command = [compiler, *_FLAGS, "-static", f'-DLOADER="{loader}"', "-o", str(target), str(_HERE / "launcher.c")]
    subprocess.run(command, check=True)


def nss(target: Path) -> None:
    """Compile nss.c; its one symbol is the C library's, which is there before it."""
    command = ["gcc", *_FLAGS, "-shared", "-fPIC", "-nostdlib", "-o", str(target), str(_HERE / "nss.c")]
    subprocess.run(command, check=True)
