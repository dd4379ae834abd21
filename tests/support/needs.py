"""The one place that decides what happens where a part is missing.

On a laptop a test that needs PgBouncer, root or Node says so and is skipped. Where everything must be proved (CI=true,
or --require-all) the same gap is a failure: a suite that skips silently proves nothing.
"""

import os
import shutil
from pathlib import Path

import pytest

_required = False


def require_all(*, required: bool) -> None:
    """Make every missing part a failure; called once by conftest for --require-all."""
    global _required  # noqa: PLW0603 - one process, one answer
    _required = required


def everything_is_required() -> bool:
    return _required or os.environ.get("CI", "").lower() in {"true", "1"}


def need(found: object, reason: str) -> None:
    """Go on if `found` is there (a true value; a path must exist), else skip, or fail where all is required."""
    there = found.exists() if isinstance(found, Path) else bool(found)
    if there:
        return
    if everything_is_required():
        pytest.fail(f"missing, and everything is required here: {reason}", pytrace=False)
    pytest.skip(reason)


def need_program(name: str, package: str) -> str:
    """Find `name` on PATH or in the administrator's folders; `package` says what to install."""
    path = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
    need(path, f"needs {name} (Debian package {package})")
    assert path is not None
    return path


def need_root(why: str) -> None:
    need(os.geteuid() == 0, f"needs root: {why}")
