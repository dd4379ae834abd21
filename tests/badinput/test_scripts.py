"""Scripts that fail: which migration, which statement and line, what is in the database now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.badinput import told
from tests.support.cli import run_cli

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.database import Database


def write(tmp_path: Path, **scripts: str) -> Path:
    folder = tmp_path / "m"
    folder.mkdir(exist_ok=True)
    for name, script in scripts.items():
        (folder / f"{name.removeprefix('v')}.sql").write_text(script)
    return folder


def migrate(tmp_path: Path, database: Database, *options: str) -> told.Told:
    return told.run(["migrate", "--dir", "m", "--url", database.url, *options], tmp_path)


def tables(database: Database) -> set[str]:
    rows = database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {row[0] for row in rows} - {"lockmaster_history"}


def test_a_syntax_error_deep_in_a_long_file(tmp_path: Path, database: Database) -> None:
    """The line is shown, what stood before it is not applied, and the migrations before it are."""
    long = "".join(f"INSERT INTO a VALUES ({n}); -- größer\n" for n in range(499))
    write(tmp_path, v1_a="CREATE TABLE a (id int);", v2_b=long + "INSRT INTO a VALUES (0);\n" + long)
    answer = migrate(tmp_path, database)
    assert answer.exit == 12
    assert "line 500" in answer.text
    assert "INSRT INTO a VALUES (0)" in answer.text
    assert "42601" in answer.text
    assert "nothing of this migration" in answer.text
    assert database.value("SELECT count(*) FROM a") == 0
    assert "line 500" in answer.termination or "500:" in answer.termination


def test_a_runtime_error_without_a_position_names_its_statement(tmp_path: Path, database: Database) -> None:
    """The server tells no place for a division by zero; it is found by running the statements one by one."""
    write(
        tmp_path, v1_a="CREATE TABLE a (id int);\n\nINSERT INTO a\nSELECT 1 / (n - 3) FROM generate_series(1, 5) n;\n"
    )
    answer = migrate(tmp_path, database)
    assert answer.exit == 12
    assert "division by zero" in answer.text
    assert "line 3" in answer.text
    assert "INSERT INTO a SELECT 1 / (n - 3)" in answer.text
    assert tables(database) == set()


def test_a_script_with_its_own_commit_that_fails_after_it(tmp_path: Path, database: Database) -> None:
    """Exit 13: what is in effect is said, and once the rest is repaired the next run goes on there."""
    folder = write(
        tmp_path, v1_a="BEGIN;\nCREATE TABLE a (id int);\nCOMMIT;\nBEGIN;\nCREATE TABLE b (id nonsense);\nCOMMIT;\n"
    )
    answer = migrate(tmp_path, database)
    assert answer.exit == 13, answer.text
    assert "pieces 1 to 1 of 2" in answer.text
    assert tables(database) == {"a"}
    script = (folder / "1_a.sql").read_text()
    (folder / "1_a.sql").write_text(script.replace("nonsense", "int"))
    done = run_cli(["migrate", "--dir", "m", "--url", database.url], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert tables(database) == {"a", "b"}


@pytest.mark.parametrize(
    "change", ["SET search_path = elsewhere", "SELECT set_config('search_path', '', false)", "SET ROLE other"]
)
def test_a_script_that_changes_the_session_does_not_hurt_the_next(
    change: str, tmp_path: Path, database: Database
) -> None:
    database.execute("CREATE SCHEMA elsewhere")
    database.execute(f"DO $$ BEGIN CREATE ROLE other; EXCEPTION WHEN duplicate_object THEN NULL; END $$")  # noqa: F541
    write(tmp_path, v1_a=f"{change};", v2_b="CREATE TABLE b (id int);")
    done = run_cli(["migrate", "--dir", "m", "--url", database.url], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "b" in tables(database)


def test_an_edited_file_and_a_missing_file(tmp_path: Path, database: Database) -> None:
    """Exit 14 when something is to be applied; a warning, and ready, when not."""
    folder = write(tmp_path, v1_a="CREATE TABLE a (id int);", v2_b="CREATE TABLE b (id int);")
    assert run_cli(["migrate", "--dir", "m", "--url", database.url], cwd=tmp_path).returncode == 0
    (folder / "1_a.sql").write_text("CREATE TABLE a (id bigint);")
    done = run_cli(["migrate", "--dir", "m", "--url", database.url, "--log-format", "text"], cwd=tmp_path)
    assert done.returncode == 0
    assert "edited after it was applied: 1_a" in done.stderr
    write(tmp_path, v3_c="CREATE TABLE c (id int);")
    answer = migrate(tmp_path, database)
    assert answer.exit == 14
    assert "edited after it was applied: 1_a" in answer.text
    (folder / "1_a.sql").unlink()
    answer = migrate(tmp_path, database)
    assert answer.exit == 14
    assert "missing from the folder: 1_a" in answer.text
    assert tables(database) == {"a", "b"}


def test_a_schema_full_of_data_without_a_history(tmp_path: Path, database: Database) -> None:
    database.execute("CREATE TABLE customer (id int)")
    write(tmp_path, v1_a="CREATE TABLE a (id int);")
    answer = migrate(tmp_path, database)
    assert answer.exit == 14
    assert "customer" in answer.text
    assert "lockmaster baseline --to" in answer.text
    assert tables(database) == {"customer"}


def test_ahead_can_be_refused(tmp_path: Path, database: Database) -> None:
    """An older image on a newer schema is ready with a warning, or refused where that was asked for."""
    folder = write(tmp_path, v1_a="SELECT 1;", v2_b="SELECT 2;")
    assert run_cli(["migrate", "--dir", "m", "--url", database.url], cwd=tmp_path).returncode == 0
    (folder / "2_b.sql").unlink()
    done = run_cli(["migrate", "--dir", "m", "--url", database.url, "--log-format", "text"], cwd=tmp_path)
    assert done.returncode == 0
    assert "ahead of this image" in done.stderr
    assert migrate(tmp_path, database, "--ahead", "fail").exit == 15


def test_a_lock_that_is_never_free(tmp_path: Path, database: Database) -> None:
    """Exit 11 after the budget: it gave way, and another time may be better."""
    import psycopg2

    database.execute("CREATE TABLE busy (id int); CREATE TABLE lockmaster_history_dummy (id int)")
    assert run_cli(["baseline", "--to", "none", "--dir", "m", "--url", database.url],
                   cwd=tmp_path_with(tmp_path)).returncode == 0  # fmt: skip
    with psycopg2.connect(database.url) as other:
        other.cursor().execute("LOCK TABLE busy")
        answer = migrate(tmp_path, database, "--ddl-lock-timeout", "50ms", "--ddl-lock-budget", "500ms")
    assert answer.exit == 11, answer.text
    assert "55P03" in answer.text


def tmp_path_with(tmp_path: Path) -> Path:
    write(tmp_path, v1_a="ALTER TABLE busy ADD COLUMN b int;")
    return tmp_path


@pytest.mark.memory
@pytest.mark.slow
@pytest.mark.parametrize("letter", ["x", "\N{SNOWMAN}"])
def test_a_script_of_50_megabytes_fits_a_small_container(letter: str, tmp_path: Path, database: Database) -> None:
    """Peak memory stays under the 256 MiB of a usual init container."""
    import os
    import subprocess
    import sys

    folder = write(tmp_path, v1_a="CREATE TABLE a (t text);")
    row = f"INSERT INTO a VALUES ('{letter * 3}{'y' * 970}');\n"
    (folder / "2_big.sql").write_text(row * (50_000_000 // len(row.encode())))
    command = [sys.executable, "-m", "lockmaster", "migrate", "--dir", "m", "--url", database.url]
    process = subprocess.Popen(command, cwd=tmp_path)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert usage.ru_maxrss < 256 * 1024
