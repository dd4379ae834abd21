"""The bundle does its work in Debian, in a busybox and musl root, and in a root that holds nothing else.

As user 10001, with everything read-only and without /proc.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.bundle.rooms import KINDS, Room
from tests.prisma.folder import write
from tests.support.cli import run_cli
from tools.bundle.build import version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.database import Database

pytestmark = pytest.mark.xdist_group("bundle")

every_room = pytest.mark.parametrize("kind", KINDS)


@every_room
def test_it_migrates_a_prisma_project_on_a_real_postgres(
    kind: str, make_room: Callable[[str], Room], database: Database
) -> None:
    room = make_room(kind)
    names = write(room.root / "app/prisma/migrations", 8)
    env = {"DATABASE_URL": database.url}
    folder = ["--dir", "/app/prisma/migrations"]
    behind = room.run([room.lockmaster, "status", "--check", *folder], env)
    assert behind.returncode == 3, behind.stderr
    first = room.run([room.lockmaster, "migrate", *folder], env)
    assert first.returncode == 0, first.stderr
    second = room.run([room.lockmaster, "gate", *folder], env)
    assert second.returncode == 0, second.stderr
    recorded = database.rows('SELECT migration_name FROM "_prisma_migrations" WHERE finished_at IS NOT NULL ORDER BY 1')
    assert [name for (name,) in recorded] == names


@every_room
def test_it_migrates_sqlite(kind: str, make_room: Callable[[str], Room]) -> None:
    room = make_room(kind)
    (room.folder("sql") / "1_init.sql").write_text("CREATE TABLE t (id integer);\n")
    done = room.run([room.lockmaster, "migrate", "--dir", "/sql", "--url", "sqlite:////work/app.db"])
    assert done.returncode == 0, done.stderr
    assert (room.root / "work/app.db").stat().st_uid == 10001


@every_room
def test_it_says_its_version_with_proc_and_without(kind: str, make_room: Callable[[str], Room]) -> None:
    room = make_room(kind)
    for proc in (True, False):
        done = room.run([room.lockmaster, "version"], proc=proc)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"lockmaster {version()}\n", "")


@pytest.mark.parametrize("argv", [["schema"], ["help"], ["help", "exec"], ["completion", "bash"]], ids=" ".join)
def test_it_says_what_an_installed_lockmaster_says(argv: list[str], bundle: Path) -> None:
    """Nothing that is shown stands in a docstring that was left out, or in a file that was not copied."""
    here = run_cli(argv)
    there = subprocess.run(
        [bundle / "lockmaster", *argv], capture_output=True, text=True, check=False, env={}, timeout=60
    )
    assert (there.returncode, there.stdout) == (0, here.stdout), there.stderr


def test_nothing_in_the_room_can_be_written(make_room: Callable[[str], Room]) -> None:
    """Else the tests here would prove less than they say."""
    room = make_room("empty")
    done = room.run([room.python, "-c", "open('/any where/lockmaster/x', 'w')"], user=0)
    assert "Read-only file system" in done.stderr


def test_it_starts_by_a_link_and_by_a_relative_path(make_room: Callable[[str], Room]) -> None:
    room = make_room("empty")
    (room.root / "link").symlink_to("any where/lockmaster/lockmaster")
    for proc in (True, False):
        for argv, cwd in ((["/link"], "/"), (["./lockmaster"], "/any where/lockmaster"), (["../link"], "/work")):
            done = room.run([*argv, "version"], proc=proc, cwd=cwd)
            assert done.returncode == 0, (argv, done.stderr)


def test_steps_work_where_nothing_else_is(make_room: Callable[[str], Room], database: Database) -> None:
    room = make_room("empty")
    (room.root / "t.j2").write_text("host = {{ 'a' | upper }}\n")
    made = room.run([room.lockmaster, "render", "/t.j2", "/work/made"])
    assert (made.returncode, (room.root / "work/made").read_text()) == (0, "host = A\n"), made.stderr
    waited = room.run([room.lockmaster, "wait", database.url, "--timeout", "20s"])
    assert waited.returncode == 0, waited.stderr
    (room.root / "work/made").chmod(0o666)
    changed = room.run([room.lockmaster, "permissions", "/work/made", "--mode", "0640"], proc=True)
    assert changed.returncode in (0, 20), changed.stderr
