"""SQLite: what can be wrong with the file, its folder, and its disk."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockmaster.errors import Exit
from tests.badinput.expecting import fails
from tests.facts.lab import Lab
from tests.support.needs import need, need_root


@pytest.fixture(autouse=True)
def migration(lite: Lab) -> None:
    """Write one good migration: nothing but the file is wrong here."""
    lite.write("1_m", "CREATE TABLE t (x text);")


def test_no_folder_for_the_file(lite: Lab) -> None:
    lite.url = f"sqlite:{lite.home}/nowhere/app.db"
    assert "nowhere" in fails(lite, Exit.USAGE)


def test_a_directory_where_the_file_should_be(lite: Lab) -> None:
    (lite.home / "app.db").mkdir()
    fails(lite, Exit.USAGE)


def test_a_file_that_is_no_database(lite: Lab) -> None:
    (lite.home / "app.db").write_bytes(b"this is a text, and no database\n" * 100)
    fails(lite, Exit.USAGE)
    assert (lite.home / "app.db").read_bytes().startswith(b"this is a text")


def test_a_damaged_file(lite: Lab) -> None:
    lite.good()
    path = lite.home / "app.db"
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xa5" * (4096 - 100)
    path.write_bytes(content)
    fails(lite, Exit.USAGE)


def test_a_loop_of_links(lite: Lab) -> None:
    (lite.home / "app.db").symlink_to(lite.home / "app.db")
    assert "symbolic links" in fails(lite, Exit.USAGE, hint="no link leads to itself")


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of 1 MiB."""
    need_root("mounts a small file system")
    where = tmp_path / "tiny"
    where.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", where], capture_output=True, check=False)
    need(done.returncode == 0, "needs the right to mount")
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", where], check=False)


BIG = """INSERT INTO t SELECT hex(randomblob(500)) FROM
(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i FROM n);"""


def test_a_full_disk(lite: Lab, tiny: Path) -> None:
    lite.url = f"sqlite:{tiny}/app.db"
    lite.good()
    lite.write("2_big", f"CREATE TABLE u (x int);\n{BIG}")
    text = fails(lite, Exit.FAILED, hint="free space")
    assert "full" in text
    connection = sqlite3.connect(tiny / "app.db")
    assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'u'").fetchall() == []
    assert connection.execute("SELECT name FROM lockmaster_history").fetchall() == [("1_m",)]
    connection.close()


def test_a_full_database(lite: Lab) -> None:
    lite.write("2_big", f"CREATE TABLE u (x int);\nPRAGMA max_page_count = 20;\n{BIG}")
    lite.good("--to", "1_m")
    ended = lite.run()
    assert ended.status in {Exit.FAILED, Exit.HALF_DONE}, ended.text
    assert "full" in ended.err
    assert "free space" in ended.err or ended.status == Exit.HALF_DONE


def test_a_read_only_mount(lite: Lab, tiny: Path) -> None:
    lite.url = f"sqlite:{tiny}/app.db"
    lite.good()
    subprocess.run(["mount", "-o", "remount,ro", tiny], check=True)
    lite.good()
    lite.good("--check", command="status")
    lite.write("2_m", "CREATE TABLE u (x int);")
    assert "read-only" in fails(lite, Exit.ACCESS)


@pytest.mark.optional("root may write everywhere")
def test_no_permission_to_write(lite: Lab) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    lite.good()
    (lite.home / "app.db").chmod(0o444)
    lite.write("2_m", "CREATE TABLE u (x int);")
    fails(lite, Exit.ACCESS)


def test_a_file_that_somebody_else_has_locked(lite: Lab) -> None:
    lite.good()
    other = sqlite3.connect(lite.home / "app.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    fails(lite, Exit.UNREACHABLE, "--wait-for-database=300ms")
    other.close()


def test_a_write_lock_of_somebody_else(lite: Lab) -> None:
    lite.good()
    lite.write("2_m", "CREATE TABLE u (x int);")
    other = sqlite3.connect(lite.home / "app.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    fails(lite, Exit.NO_TURN, "--wait-for-turn=300ms")
    other.close()
