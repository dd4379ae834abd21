"""The server is not there, refuses, is full, or may not be written to."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from lockmaster.errors import Exit
from tests.badinput.expecting import SECRET, check_text, fails
from tests.facts.lab import Lab
from tests.support import unprivileged
from tests.support.database import Database
from tests.support.needs import need, need_root
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer, Server

SOON = "--wait-for-database=400ms"
NOTHING = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"


@pytest.fixture(autouse=True)
def migration(lab: Lab) -> None:
    """Write one good migration: nothing but the server is wrong here."""
    lab.write("1_m", "CREATE TABLE t (x int);")


def test_a_wrong_password(lab: Lab, database: Database, owner: str) -> None:
    lab.url = database.url_for(owner, "wrong" + SECRET)
    text = fails(lab, Exit.ACCESS, SOON)
    assert "password" in text
    assert "wrong" not in text.replace("wrong password", "")


def test_an_unknown_role(lab: Lab, database: Database) -> None:
    lab.url = database.url_for("nobody_of_that_name", SECRET)
    fails(lab, Exit.ACCESS, SOON)


def test_no_password(lab: Lab, database: Database, owner: str) -> None:
    lab.url = database.url_for(owner)
    fails(lab, Exit.ACCESS, SOON)


@pytest.mark.slow
def test_a_missing_database_gets_ten_seconds_of_grace(lab: Lab, postgres: Server, owner: str) -> None:
    lab.url = postgres.url("no_such_database", owner, SECRET)
    began = time.monotonic()
    text = check_text(lab.run(), Exit.ACCESS)
    assert 9.5 < time.monotonic() - began < 16
    assert "no_such_database" in text
    assert "waiting for the database" in text


@pytest.mark.parametrize("command", ["migrate", "status", "gate", "baseline"])
def test_a_missing_database(lab: Lab, postgres: Server, owner: str, command: str) -> None:
    lab.url = postgres.url("no_such_database", owner, SECRET)
    options = {"baseline": ["--to", "1_m"], "gate": ["--deadline=500ms"]}.get(command, [])
    text = fails(lab, Exit.ACCESS, SOON, *options, command=command, hint="create")
    assert "no_such_database" in text


def test_a_role_that_may_not_connect(lab: Lab, database: Database, postgres: Server, owner: str) -> None:
    stranger, _ = postgres.create_role()
    postgres.execute(f"ALTER ROLE \"{stranger}\" PASSWORD '{SECRET}'")
    postgres.execute(f'REVOKE CONNECT ON DATABASE "{database.name}" FROM public')
    lab.url = database.url_for(stranger, SECRET)
    fails(lab, Exit.ACCESS, SOON)


def stranger(database: Database, postgres: Server) -> str:
    """The URL of a role without any privilege."""
    name, _ = postgres.create_role()
    postgres.execute(f"ALTER ROLE \"{name}\" PASSWORD '{SECRET}'")
    return database.url_for(name, SECRET)


def test_no_privilege_to_create(lab: Lab, database: Database, postgres: Server) -> None:
    database.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # before 15 everybody has it
    lab.url = stranger(database, postgres)
    assert "42501" in fails(lab, Exit.ACCESS)
    assert database.value(NOTHING) == 0


@pytest.mark.parametrize("command", ["migrate", "status", "gate"])
def test_no_privilege_to_read_the_history(lab: Lab, database: Database, postgres: Server, command: str) -> None:
    lab.good()
    lab.url = stranger(database, postgres)
    text = fails(lab, Exit.ACCESS, command=command, hint="SELECT")
    assert "lockmaster_history" in text


def test_no_privilege_to_record(lab: Lab, database: Database, postgres: Server) -> None:
    lab.good()
    lab.url = stranger(database, postgres)
    role = psycopg2.extensions.parse_dsn(lab.url)["user"]
    database.execute(f'GRANT ALL ON SCHEMA public TO "{role}"; GRANT SELECT ON lockmaster_history TO "{role}"')
    lab.write("2_m", "CREATE TABLE u (x int);")
    text = fails(lab, Exit.FAILED, hint="privilege")
    assert "42501" in text
    assert database.value("SELECT to_regclass('u') IS NULL")


def test_a_privilege_that_a_script_needs(lab: Lab, database: Database) -> None:
    lab.write("2_m", "CREATE TABLE u (x int);\nCREATE ROLE other;")
    text = fails(lab, Exit.FAILED, hint="privilege")
    assert "line 2" in text
    assert database.value("SELECT to_regclass('u') IS NULL")


def test_an_unreachable_host(lab: Lab) -> None:
    lab.url = f"postgresql://u:{SECRET}@127.0.0.1:{free_port()}/db"
    text = fails(lab, Exit.UNREACHABLE, SOON, hint="--wait-for-database")
    assert "refused" in text


def test_a_name_that_nobody_knows(lab: Lab) -> None:
    lab.url = f"postgresql://u:{SECRET}@no-such-host.invalid/db"
    text = fails(lab, Exit.UNREACHABLE, "--wait-for-database=2s")
    assert "no-such-host.invalid" in text


def test_a_host_that_swallows_packets(lab: Lab) -> None:
    lab.url = f"postgresql://u:{SECRET}@192.0.2.1/db"
    began = time.monotonic()
    fails(lab, Exit.UNREACHABLE, "--wait-for-database=1s")
    assert time.monotonic() - began < 8


def test_a_server_of_another_kind(lab: Lab) -> None:
    import socket
    import threading

    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            client.close()

    threading.Thread(target=serve, daemon=True).start()
    try:
        lab.url = f"postgresql://u:{SECRET}@127.0.0.1:{listener.getsockname()[1]}/db"
        fails(lab, Exit.UNREACHABLE, SOON)
    finally:
        listener.close()


def test_a_server_out_of_connections(lab: Lab, make_server: Callable[..., PostgresServer]) -> None:
    server = make_server(max_connections=5, superuser_reserved_connections=0, max_wal_senders=0)
    lab.url = server.create_database("app")
    taken = [psycopg2.connect(lab.url) for _ in range(5)]
    try:
        text = fails(lab, Exit.UNREACHABLE, SOON)
        assert "too many clients" in text or "connection slots" in text
        run = lab.start()
        time.sleep(0.5)
        assert run.running()
    finally:
        for each in taken:
            each.close()
    assert run.end().status == 0, run.err


def test_a_read_only_server(lab: Lab, make_server: Callable[..., PostgresServer]) -> None:
    """A server in recovery: what only reads is served, what writes waits, and then says why."""
    server = make_server()
    lab.url = server.create_database("app")
    lab.good()
    server.stop()
    (server.data / "standby.signal").touch()
    unprivileged.own(server.data / "standby.signal")
    server.start()
    lab.good()
    lab.write("2_m", "CREATE TABLE u (x int);")
    text = fails(lab, Exit.UNREACHABLE, SOON)
    assert "standby" in text


# -- the disk is full ---------------------------------------------------------------------------------------


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of 12 MiB that servers may write to."""
    need_root("mounts a small file system")
    where = Path("/tmp") / f"lm-tiny-{os.getpid()}"  # noqa: S108 - the server's user has to reach it
    where.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", where], capture_output=True, check=False)
    need(done.returncode == 0, "needs the right to mount")
    try:
        yield unprivileged.own(where)
    finally:
        subprocess.run(["umount", "-l", where], check=False)
        where.rmdir()


def test_a_full_disk_of_postgresql(lab: Lab, make_server: Callable[..., PostgresServer], tiny: Path) -> None:
    server = make_server()
    server.execute(f"CREATE TABLESPACE tiny LOCATION '{tiny}'")
    lab.url = server.create_database("app", tablespace="tiny")
    lab.good()
    lab.write(
        "2_big",
        "CREATE TABLE big (x text);\nINSERT INTO big SELECT repeat(i::text, 300) FROM generate_series(1, 40000) i;",
    )
    text = fails(lab, Exit.FAILED, hint="free space")
    assert "No space left on device" in text
    assert "53100" in text
    assert "2_big" in text
    assert server.rows("SELECT to_regclass('big')", "app") == [(None,)]
    assert server.rows("SELECT name FROM lockmaster_history", "app") == [("1_m",)]
    lab.write("2_big", "CREATE TABLE big (x text);")
    lab.good()


def test_a_full_disk_in_a_statement_that_stands_alone(
    lab: Lab, make_server: Callable[..., PostgresServer], tiny: Path
) -> None:
    server = make_server()
    server.execute(f"CREATE TABLESPACE tiny LOCATION '{tiny}'")
    lab.url = server.create_database("app")
    lab.write(
        "2_big",
        "CREATE TABLE big (x text);\nINSERT INTO big SELECT md5(i::text) || repeat('x', 99) FROM generate_series(1, 150000) i;",
    )
    lab.good()
    lab.write("3_cic", "CREATE INDEX CONCURRENTLY big_x ON big (x) TABLESPACE tiny;")
    text = fails(lab, Exit.FAILED, hint="free space")
    assert "53100" in text
    assert server.rows("SELECT to_regclass('big_x')", "app") == [(None,)]


def test_a_limit_of_temporary_files(lab: Lab, database: Database, postgres: Server) -> None:
    database.set(temp_file_limit="64kB", work_mem="64kB")
    lab.write("1_m", "CREATE TABLE t AS SELECT i FROM generate_series(1, 200000) i ORDER BY md5(i::text);")
    text = fails(lab, Exit.FAILED, hint="free space")
    assert "53400" in text
