"""Debian's Python, whose library is inside its program, goes in as well as one with a shared library, as pyenv makes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.bundle.rooms import Room
from tools.bundle import build, elf, interpreter, programs

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.xdist_group("bundle")

DEBIAN = Path("/usr/bin/python3.11")
OTHER = pytest.mark.skipif(
    not DEBIAN.exists() or Path(interpreter.base()).resolve() == DEBIAN.resolve(),
    reason="needs Debian's python3.11 beside another one",
)
USES = "import bz2, ctypes, decimal, hashlib, lzma, sqlite3, ssl, uuid, zlib, zoneinfo; print(ssl.create_default_context())"


@OTHER
@pytest.mark.optional("where Debian's Python is the one under the environment, every other test here is about it")
def test_a_bundle_of_debians_python(tmp_path: Path) -> None:
    made = build.bundle(tmp_path / "made", str(DEBIAN))
    room = Room(tmp_path, "empty", made.root)
    (room.folder("sql") / "1_init.sql").write_text("CREATE TABLE t (id integer);\n")
    done = room.run([room.lockmaster, "migrate", "--dir", "/sql", "--url", "sqlite:////work/app.db"])
    assert done.returncode == 0, done.stderr
    used = room.run([room.python, "-c", USES])
    assert used.returncode == 0, used.stderr


def test_a_launcher_without_musl(make_room: Callable[[str], Room], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no musl-gcc, the launcher is linked with glibc, statically: larger, and as good."""
    monkeypatch.setattr(programs, "static_library", lambda: "glibc")
    room = make_room("empty")
    program = room.root / "any where/lockmaster/by-glibc"
    programs.launcher(next((room.root / "any where/lockmaster/lib").glob("ld-linux*")).name, program)
    program.chmod(0o755)
    (room.root / "link").symlink_to("any where/lockmaster/by-glibc")
    for proc in (True, False):
        done = room.run(["/link", "version"], proc=proc)
        assert done.returncode == 0, done.stderr


def test_nothing_leads_back_to_the_machine_that_made_it(bundle: Path) -> None:
    """No search path of a program or library names a folder outside the bundle: the loader would look there."""
    for path in [bundle / "libexec/python", *bundle.rglob("*.so*")]:
        if not path.is_symlink() and elf.is_elf(path):
            for searched in elf.search_paths(path):
                assert searched.startswith("$ORIGIN"), (path, searched)


def test_the_interpreter_of_another_version_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text(
        '#!/bin/sh\necho \'{"program": "/x", "version": "3.9", "full_version": "3.9.1", "stdlib": "/x"}\'\n'
    )
    program.chmod(0o755)
    with pytest.raises(SystemExit, match=r"is Python 3\.9"):
        build.bundle(tmp_path / "made", str(program))
    assert not (tmp_path / "made").exists()
