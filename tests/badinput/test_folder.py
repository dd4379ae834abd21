"""The folder of migrations is not what it should be."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from lockmaster.errors import Exit
from tests.badinput.expecting import check_text, fails
from tests.facts.lab import Lab
from tests.support.database import Database

USAGE, MISMATCH = Exit.USAGE, Exit.MISMATCH


def untouched(lab: Lab) -> None:
    """Nothing was made in the SQLite database: there is not even a file."""
    assert not (lab.home / "app.db").exists()


def test_no_folder(either: Lab) -> None:
    text = fails(either, USAGE, "--dir", str(either.home / "nowhere"), cut=True, hint="--dir")
    assert "nowhere" in text


def test_no_folder_named_and_none_found(either: Lab) -> None:
    shutil.rmtree(either.dir)
    fails(either, USAGE, cut=True, hint="--dir")


def test_a_file_where_a_folder_should_be(either: Lab) -> None:
    path = either.home / "file.sql"
    path.write_text("SELECT 1;")
    fails(either, USAGE, "--dir", str(path), cut=True)


@pytest.mark.parametrize("kind", ["auto", "native", "prisma"])
def test_an_empty_folder(either: Lab, kind: str) -> None:
    assert str(either.dir) in fails(either, USAGE, f"--format={kind}")


def test_a_folder_with_nothing_in_it_that_is_a_migration(either: Lab) -> None:
    (either.dir / "README.md").write_text("hello")
    assert "README.md" in fails(either, USAGE)


def test_a_prisma_directory_without_a_script(lab: Lab, database: Database) -> None:
    lab.write_prisma("20260101000001_good", "CREATE TABLE good (x int);")
    (lab.dir / "20260101000002_empty").mkdir()
    text = fails(lab, USAGE)
    assert "20260101000002_empty" in text
    assert "P3015" in text
    assert database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


def test_a_prisma_directory_without_a_script_on_sqlite(lite: Lab) -> None:
    lite.write_prisma("20260101000001_good", "CREATE TABLE good (x int);", "sqlite")
    (lite.dir / "20260101000002_empty").mkdir()
    fails(lite, USAGE)
    tables(lite, [])


def tables(lite: Lab, expected: list[str]) -> None:
    """The tables of the SQLite database, beside the history's own."""
    connection = sqlite3.connect(lite.home / "app.db")
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1").fetchall()
    connection.close()
    assert [row[0] for row in found] == expected


@pytest.mark.parametrize("tail", [b"SELECT '\xff';", b"-- caf\xe9\n", b"SELECT '\xc3"])
def test_a_script_that_is_not_utf8(either: Lab, tail: bytes) -> None:
    either.write("1_good", "CREATE TABLE good (x int);")
    either.write("2_latin", b"CREATE TABLE t (x int);\n" + tail)
    text = fails(either, USAGE, hint="UTF-8")
    assert "2_latin.sql:2" in text
    assert "0xff" in text or "0xe9" in text or "0xc3" in text


@pytest.mark.parametrize("shape", ["folder", "script", "prisma directory", "prisma script"])
def test_a_loop_of_links(either: Lab, shape: str) -> None:
    if shape == "folder":
        shutil.rmtree(either.dir)
        either.dir.symlink_to(either.dir)
    elif shape == "script":
        (either.dir / "1_loop.sql").symlink_to(either.dir / "1_loop.sql")
    else:
        provider = "sqlite" if either.url.startswith("sqlite") else "postgresql"
        either.write_prisma("20260101000001_good", "CREATE TABLE good (x int);", provider)
        path = either.dir / "20260101000002_loop"
        if shape == "prisma directory":
            path.symlink_to(path)
            assert either.run().status in {0, 2}  # Prisma follows no links: it is no migration at all
            return
        path.mkdir()
        (path / "migration.sql").symlink_to(path / "migration.sql")
    assert "loop" in fails(either, USAGE)


@pytest.mark.optional("root may read everything")
def test_a_folder_that_may_not_be_read(either: Lab) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    either.write("1_m", "SELECT 1;")
    either.dir.chmod(0)
    try:
        fails(either, USAGE)
    finally:
        either.dir.chmod(0o755)


@pytest.mark.parametrize("other", ["007_other", "7_other", "0000007_m"])
def test_a_version_that_is_there_twice(either: Lab, other: str) -> None:
    either.write("07_m", "CREATE TABLE t (x int);")
    either.write(other, "CREATE TABLE u (x int);")
    text = fails(either, USAGE)
    assert "07_m.sql" in text
    assert f"{other}.sql" in text


@pytest.mark.parametrize("name", ["no_version", "V1__flyway", "1-dash", "12345678901234567890_long", "1_m.up"])
def test_a_name_that_would_silently_not_be_run(either: Lab, name: str) -> None:
    either.write("1_good", "CREATE TABLE good (x int);")
    either.write(name, "CREATE TABLE t (x int);")
    text = fails(either, USAGE, "--format=native", hint="")
    assert name in text


def test_two_formats_in_one_folder(either: Lab) -> None:
    either.write("1_m", "SELECT 1;")
    either.write_prisma("20260101000001_m", "SELECT 1;", "sqlite")
    text = fails(either, USAGE, hint="--format")
    assert "native" in text
    assert "prisma" in text


@pytest.mark.parametrize("provider", ["mysql", "sqlite", ""])
def test_a_folder_for_another_provider(lab: Lab, database: Database, provider: str) -> None:
    lab.write_prisma("20260101000001_m", "CREATE TABLE t (x int);", provider)
    assert "P3019" in fails(lab, USAGE)
    assert database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


def test_a_folder_for_another_provider_on_sqlite(lite: Lab) -> None:
    lite.write_prisma("20260101000001_m", "CREATE TABLE t (x int);", "postgresql")
    assert "P3019" in fails(lite, USAGE)
    untouched(lite)


def test_a_file_that_was_edited_after_it_was_applied(either: Lab) -> None:
    either.write("1_m", "CREATE TABLE t (x int);")
    either.good()
    either.write("1_m", "CREATE TABLE t (x bigint);")
    warned = either.good()  # nothing is pending: an application must be able to start
    assert "edited" in warned.err
    either.write("2_m", "CREATE TABLE u (x int);")
    assert "1_m" in fails(either, MISMATCH, hint="--checksum=warn")
    either.good("--checksum=warn")


def test_a_file_that_is_missing(either: Lab) -> None:
    for number in (1, 2, 3):
        either.write(f"{number}_m", f"CREATE TABLE t{number} (x int);")
    either.good()
    (either.dir / "2_m.sql").unlink()
    either.write("4_m", "CREATE TABLE t4 (x int);")
    assert "2_m" in fails(either, MISMATCH, hint="--checksum=warn")
    either.good("--checksum=warn")


def test_a_file_that_comes_too_late(either: Lab) -> None:
    either.write("2_m", "CREATE TABLE t (x int);")
    either.good()
    either.write("1_late", "CREATE TABLE u (x int);")
    assert "1_late" in fails(either, MISMATCH, hint="--out-of-order=allow")


def test_a_database_ahead_of_the_folder_where_that_is_refused(either: Lab) -> None:
    either.write("1_m", "CREATE TABLE t (x int);")
    late = either.write("2_m", "CREATE TABLE u (x int);")
    either.good()
    late.unlink()
    assert "2_m" in fails(either, Exit.TOO_NEW, "--ahead=fail")
    assert "2_m" in either.good().err


def test_a_schema_with_tables_and_no_history(either: Lab) -> None:
    either.write("1_m", "CREATE TABLE t (x int);")
    either.good()
    drop_history(either)
    assert "baseline" in fails(either, MISMATCH, hint="baseline --to")
    either.good("--to", "1_m", command="baseline")
    either.good()


def drop_history(lab: Lab) -> None:
    if lab.url.startswith("sqlite"):
        connection = sqlite3.connect(lab.home / "app.db")
        connection.execute("DROP TABLE lockmaster_history")
        connection.close()
        return
    import psycopg2

    with psycopg2.connect(lab.url) as server, server.cursor() as cursor:
        cursor.execute("DROP TABLE lockmaster_history")
    server.close()


@pytest.mark.parametrize("to", ["9", "9_nowhere", "2"])
def test_a_version_that_is_not_there(either: Lab, to: str) -> None:
    either.write("1_m", "CREATE TABLE t (x int);")
    assert to in fails(either, USAGE, "--to", to)
    fails(either, USAGE, "--applied", to, command="resolve")


def test_a_file_that_changes_while_it_is_applied(either: Lab) -> None:
    either.write("1_m", "CREATE TABLE t (x int);")
    pause = either.pause()
    run = either.start(fault=pause.at("read-under-turn"))
    pause.wait()
    Path(either.dir / "1_m.sql").unlink()
    pause.let_go()
    ended = run.end()
    assert ended.status == USAGE, ended.text
    assert "1_m.sql" in ended.err


@pytest.mark.parametrize("kind", ["native", "prisma"])
@pytest.mark.parametrize("place", ["/proc/nowhere", "/dev/null/m", "file"])
def test_new_in_a_place_where_nothing_can_be_made(lite: Lab, kind: str, place: str) -> None:
    """It was told as a bug of ours."""
    (lite.home / "file").write_text("")
    options = ("x", f"--dir={place}", f"--format={kind}")
    text = fails(lite, USAGE, *options, command="new", hint="may write to", cut=True)
    assert f"{place} cannot be made" in text


def test_a_working_folder_that_is_gone(lite: Lab) -> None:
    """Likewise."""
    gone = lite.home / "gone"
    gone.mkdir()
    prefix = ["sh", "-c", f'cd {gone} && rmdir {gone} && exec "$@"', "sh"]
    text = check_text(lite.run(prefix=prefix), USAGE)
    assert "the folder that this runs in is gone" in text
