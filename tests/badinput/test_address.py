"""Addresses, credentials and servers that cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.badinput import told
from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.database import Database
    from tests.support.postgres import PostgresServer


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "1_a.sql").write_text("CREATE TABLE a (id int);")
    return "m"


@pytest.mark.parametrize(
    ("url", "word"),
    [
        (f"db.example.test/{told.SECRET}", "scheme"),
        (f"postgresq://u:{told.SECRET}@localhost/x", "did you mean postgresql"),
        (f"mysql://u:{told.SECRET}@localhost/x", "mysql is not supported"),
        (f"postgresql://u:{told.SECRET}@localhost:port/x", "cannot be read"),
        (f"postgresql://u:{told.SECRET}#x@localhost/x", "percent-encoded"),
        (f"postgresql://u:{told.SECRET}@localhost/x?sslmod=require", "did you mean sslmode"),
        (f"postgresql://u:{told.SECRET}@localhost/x?shcema=app", "did you mean schema"),
        ("sqlite::memory:", "memory"),
    ],
)
def test_a_url_that_cannot_be_used(url: str, word: str, folder: str, tmp_path: Path) -> None:
    """Exit 2 at once; the password is nowhere."""
    answer = told.run(["migrate", "--dir", folder], tmp_path, DATABASE_URL=url)
    assert answer.exit == 2, answer.text
    assert word in answer.text


def test_no_url(folder: str, tmp_path: Path) -> None:
    answer = told.run(["migrate", "--dir", folder], tmp_path)
    assert answer.exit == 2
    assert "DATABASE_URL" in answer.text


def test_nobody_there(folder: str, tmp_path: Path) -> None:
    """Exit 10, which is worth a retry, with what was seen last."""
    url = f"postgresql://u:{told.SECRET}@127.0.0.1:{free_port()}/x"
    answer = told.run(["migrate", "--dir", folder], tmp_path, DATABASE_URL=url)
    assert answer.exit == 10
    assert "refused" in answer.text
    fields = told.run_json(["migrate", "--dir", folder], tmp_path, DATABASE_URL=url)
    assert (fields["event"], fields["exit"], fields["retry"]) == ("failed", 10, True)


def test_a_name_that_does_not_resolve(folder: str, tmp_path: Path) -> None:
    answer = told.run(["migrate", "--dir", folder, "--url", "postgresql://u@no-such-host.invalid/x"], tmp_path)
    assert answer.exit == 10
    assert "no-such-host.invalid" in answer.text


def test_a_wrong_password(folder: str, tmp_path: Path, database: Database) -> None:
    """Exit 16 after a grace in which an operator may still be making the role."""
    url = database.url_for("postgres", told.SECRET)
    answer = told.run(["migrate", "--dir", folder], tmp_path, DATABASE_URL=url)
    assert answer.exit == 16, answer.text
    assert "password" in answer.text


def test_a_database_that_does_not_exist(folder: str, tmp_path: Path, database: Database) -> None:
    name = database.url.rpartition("/")[2].partition("?")[0]
    answer = told.run(["migrate", "--dir", folder, "--url", database.url.replace(f"/{name}", "/missing")], tmp_path)
    assert answer.exit == 16
    assert 'database "missing" does not exist' in answer.text


def test_a_role_that_may_not_create(
    folder: str, tmp_path: Path, database: Database, make_server: Callable[..., PostgresServer]
) -> None:
    """Exit 16 or 12, the server's words, and nothing is left."""
    del make_server
    role = database.server.create_role()  # type: ignore[union-attr]
    database.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    answer = told.run(["migrate", "--dir", folder, "--url", database.url_for(*role)], tmp_path)
    assert answer.exit == 16, answer.text
    assert "permission denied" in answer.text
    assert database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


def test_a_role_that_may_not_read_the_history(folder: str, tmp_path: Path, database: Database) -> None:
    """gate with a role that lacks SELECT: exit 16 with the table's name, not "behind"."""
    from tests.support.cli import run_cli

    assert run_cli(["migrate", "--dir", folder, "--url", database.url], cwd=tmp_path).returncode == 0
    role = database.server.create_role()  # type: ignore[union-attr]
    answer = told.run(["gate", "--dir", folder, "--url", database.url_for(*role)], tmp_path)
    assert answer.exit == 16, answer.text
    assert "lockmaster_history" in answer.text


def test_a_server_out_of_connections(folder: str, tmp_path: Path, make_server: Callable[..., PostgresServer]) -> None:
    """Exit 10 with the server's words; a retry is worth it."""
    server = make_server(max_connections=6, superuser_reserved_connections=0)
    url = server.create_database()
    import psycopg2

    held = []
    try:
        while True:
            held.append(psycopg2.connect(url))
    except psycopg2.OperationalError:
        pass
    try:
        answer = told.run(["migrate", "--dir", folder, "--url", url], tmp_path)
    finally:
        for connection in held:
            connection.close()
    assert answer.exit == 10, answer.text
    assert "too many clients" in answer.text or "connection slots" in answer.text
