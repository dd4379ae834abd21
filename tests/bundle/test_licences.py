"""Whatever is inside has its licence text beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name

from tools.bundle import elf
from tools.bundle.licences import CONTENTS, FOLDER, Licences

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("bundle")


def listed(folder: Path) -> dict[str, list[Path]]:
    """Each thing with its texts, as THIRD-PARTY says."""
    lines = (folder / FOLDER / CONTENTS).read_text().splitlines()
    return {
        what: [folder / FOLDER / text for text in texts.split(", ")]
        for what, _, texts in (line.partition(": ") for line in lines)
    }


@pytest.fixture
def parts(image: Path) -> dict[str, list[Path]]:
    return listed(image / "lockmaster") | listed(image / "lockmaster/extras")


def test_every_package_has_its_text(image: Path, parts: dict[str, list[Path]]) -> None:
    names = [canonicalize_name(path.name.rsplit("-", 2)[0]) for path in image.rglob("*.dist-info")]
    assert len(names) > 30
    there = {what.split()[0] for what in parts}
    assert not [name for name in names if name not in there]


def test_every_library_has_its_text(image: Path, parts: dict[str, list[Path]]) -> None:
    """Extension modules are parts of their packages, or of CPython; a file named lib... is somebody else's."""
    files = [path for path in image.rglob("*.so*") if not path.is_symlink() and elf.is_elf(path)]
    foreign = [path.name for path in files if path.name.startswith(("lib", "ld-"))]
    assert {"libc.so.6", "ld-linux-x86-64.so.2"} <= set(foreign)
    ours = {"liblockmaster-nss.so"}
    assert not [name for name in foreign if name not in parts and name not in ours]


def test_every_text_is_there(parts: dict[str, list[Path]]) -> None:
    assert any(what.startswith("CPython ") for what in parts)
    for what, texts in parts.items():
        assert texts, what
        assert max(len(text.read_text()) for text in texts) > 300, what


def test_the_texts_that_others_refer_to_are_there(image: Path) -> None:
    """psycopg2 and glibc are under the LGPL: its text, not only its name."""
    for folder in (image / "lockmaster", image / "lockmaster/extras"):
        texts = [path.read_text() for path in (folder / FOLDER).glob("lgpl-*.txt")]
        assert any("GNU LESSER GENERAL PUBLIC LICENSE" in text and "Version 3" in text for text in texts)
    assert "Apache License" in (image / "lockmaster/LICENSE").read_text()


def test_psycopg2_stays_a_library_that_can_be_replaced(image: Path) -> None:
    tree = next((image / "lockmaster/lib").glob("python3.*"))
    assert [path for path in (tree / "psycopg2").glob("_psycopg*.so") if elf.is_elf(path)]


def test_nothing_under_the_gpl_alone_is_in_it(image: Path) -> None:
    files = [path.name for path in image.rglob("*.so*")]
    assert not [name for name in files if name.startswith(("libreadline", "libgdbm", "libdb-", "readline.", "_gdbm."))]


def test_a_library_without_a_text_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"libunheard\.so\.1 has no licence text"):
        Licences(tmp_path).library("libunheard.so.1")
