"""Folders and files that cannot be used as they are: exit 2, and nothing was touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.badinput import told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.database import Database


def prisma(folder: Path, name: str, script: bytes | None) -> None:
    (folder / name).mkdir(parents=True)
    if script is not None:
        (folder / name / "migration.sql").write_bytes(script)


def _empty(folder: Path) -> None:
    folder.mkdir()


def _without_script(folder: Path) -> None:
    prisma(folder, "20260101000000_a", b"CREATE TABLE a (id int);")
    prisma(folder, "20260102000000_b", None)


def _latin1(folder: Path) -> None:
    prisma(folder, "20260101000000_a", b"SELECT 1;\nSELECT 'caf\xe9';\n")


def _nul(folder: Path) -> None:
    prisma(folder, "20260101000000_a", b"CREATE TABLE a (id int);\n\n\0INSERT INTO a VALUES (1);")


def _loop(folder: Path) -> None:
    prisma(folder, "20260101000000_a", b"SELECT 1;")
    (folder / "20260102000000_b").symlink_to("20260102000000_b")


def _twice(folder: Path) -> None:
    folder.mkdir()
    (folder / "007_a.sql").write_text("SELECT 1;")
    (folder / "7_b.sql").write_text("SELECT 1;")


def _backslash(folder: Path) -> None:
    prisma(folder, "20260101000000_a", b"SELECT 1;\n\\connect other\n")


def _copy(folder: Path) -> None:
    prisma(folder, "20260101000000_a", b"CREATE TABLE a (id int);\nCOPY a FROM stdin;\n1\n\\.\n")


def _unfinished(folder: Path) -> None:
    prisma(folder, "20260101000000_a", b"SELECT 1;\nSELECT 'never closed;\n")


def _flyway(folder: Path) -> None:
    folder.mkdir()
    (folder / "V1__a.sql").write_text("SELECT 1;")


def _other_provider(folder: Path) -> None:
    prisma(folder, "20260101000000_a", b"SELECT 1;")
    (folder / "migration_lock.toml").write_text('provider = "mysql"\n')


CASES: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "no folder": (lambda folder: None, ["migrations"]),  # noqa: ARG005
    "empty folder": (_empty, ["no migrations in"]),
    "folder without migration.sql": (_without_script, ["20260102000000_b", "migration.sql"]),
    "not UTF-8": (_latin1, ["migration.sql:2", "UTF-8"]),
    "a NUL byte": (_nul, ["migration.sql:3", "NUL"]),
    "a link loop": (_loop, ["20260102000000_b"]),
    "a version twice": (_twice, ["007_a.sql", "7_b.sql"]),
    "a psql command": (_backslash, ["migration.sql:2", "psql"]),
    "COPY FROM stdin": (_copy, ["migration.sql:2", "COPY"]),
    "an unfinished string": (_unfinished, ["migration.sql:2"]),
    "another tool's folder": (_flyway, ["flyway"]),
    "another provider": (_other_provider, ["mysql", "postgresql"]),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_it_is_refused_before_anything_runs(
    case: tuple[Callable[[Path], None], list[str]], tmp_path: Path, database: Database
) -> None:
    """Exit 2, the file and its line are named, and the database is as it was: no table, no history."""
    make, words = case
    make(tmp_path / "migrations")
    answer = told.run(["migrate", "--dir", "migrations", "--url", database.url], tmp_path)
    assert answer.exit == 2, answer.text
    for word in words:
        assert word in answer.text
    assert database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


def test_no_folder_at_all(tmp_path: Path, database: Database) -> None:
    """Nothing named and nothing found: the option is named."""
    answer = told.run(["migrate", "--url", database.url], tmp_path)
    assert answer.exit == 2
    assert "--dir" in answer.text


def test_a_bom_is_no_part_of_the_script(tmp_path: Path, database: Database) -> None:
    """Editors of Windows write one; the script runs without it, the checksum is of the bytes as they are."""
    from tests.support.cli import run_cli

    prisma(tmp_path / "migrations", "20260101000000_a", b"\xef\xbb\xbfCREATE TABLE a (id int);")
    done = run_cli(["migrate", "--dir", "migrations", "--url", database.url], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert database.value("SELECT count(*) FROM a") == 0
