"""Where the turn of a command lives: behind a pooler, around it, beside an SQLite file; and what the command is given."""

import signal
import sqlite3
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from tests.crash.program import KILLED
from tests.steps.exec.conftest import Place
from tests.steps.exec.test_crash import alive
from tests.support.cli import herd, run_cli, start_cli, until
from tests.support.database import Database
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres import PostgresServer


def server_of(database: Database) -> PostgresServer:
    assert isinstance(database.server, PostgresServer)
    return database.server


# -- a pooler in between --


def test_behind_a_transaction_pooler_a_herd_runs_it_once(
    place: Place, make_pgbouncer: Callable[..., PgBouncer]
) -> None:
    """One transaction that holds the lock and does nothing else stays open as long as the command works."""
    pooler = make_pgbouncer(server_of(place.database), mode="transaction", default_pool_size=20)
    done = place.herd(5, "--once", "k", "--url", pooler.url(place.database.name), seconds=1.0)
    assert [one.status for one in done] == [0] * 5, "".join(one.text for one in done)
    assert (place.begun(), place.done(), place.keys()) == (1, 1, ["k"])


def test_behind_a_pooler_the_holder_is_killed(place: Place, make_pgbouncer: Callable[..., PgBouncer]) -> None:
    pooler = make_pgbouncer(server_of(place.database), mode="transaction", default_pool_size=20)
    url = pooler.url(place.database.name)
    with place.start("--once", "k", "--url", url, seconds=5) as first:
        until(place.works, "it works")
        first.kill9()
    second = place.run("--once", "k", "--url", url)
    assert second.status == 0, second.text
    assert "is still there" in second.text  # the server works on for a dead client: seen anew inside one transaction
    assert (place.begun(), place.done(), place.overlaps(), place.keys()) == (2, 1, 0, ["k"])


def test_the_direct_url_goes_around_the_pooler(place: Place, make_pgbouncer: Callable[..., PgBouncer]) -> None:
    pooler = make_pgbouncer(server_of(place.database), mode="transaction")
    argv = place.argv("--once", "k", "--url", pooler.url(place.database.name), seconds=1.5)
    with start_cli(argv, env=place.env(DIRECT_DATABASE_URL=place.url)) as run:
        until(place.works, "it works")
        locks = (
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND virtualtransaction LIKE '%/0' AND granted"
        )
        assert place.database.value(locks) == 1  # of a session, in no transaction
        assert run.wait().returncode == 0
    assert place.keys() == ["k"]


# -- SQLite --


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "app.db"


def sqlite_argv(file: Path, *options: str, seconds: float) -> list[str]:
    """A command that writes to the database while we hold the turn."""
    code = (
        "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)\n"
        "c.execute('CREATE TABLE IF NOT EXISTS work (begun, ended)')\n"
        "n = c.execute('INSERT INTO work VALUES (?, NULL)', (time.time(),)).lastrowid; print('begun', flush=True)\n"
        f"time.sleep({seconds}); c.execute('UPDATE work SET ended = ? WHERE rowid = ?', (time.time(), n))"
    )
    return ["exec", "--log-format", "text", *options, "--", sys.executable, "-c", code, str(file)]


def worked(file: Path) -> list[tuple[float, float | None]]:
    with sqlite3.connect(file) as connection:
        rows = connection.execute("SELECT begun, ended FROM work ORDER BY begun").fetchall()
    connection.close()
    return rows


def test_on_sqlite_a_herd_runs_it_once(file: Path) -> None:
    env = {"DATABASE_URL": f"sqlite:{file}"}
    done = herd(5, sqlite_argv(file, "--once", "k", seconds=0.5), env=env)
    assert [one.returncode for one in done] == [0] * 5, "".join(one.stderr for one in done)
    assert len(worked(file)) == 1
    again = run_cli(sqlite_argv(file, "--once", "k", seconds=0.5), env=env)
    assert "done before" in again.stderr


def test_on_sqlite_one_after_the_other(file: Path) -> None:
    env = {"DATABASE_URL": f"sqlite:{file}"}
    done = herd(3, sqlite_argv(file, "--always", seconds=0.3), env=env)
    assert [one.returncode for one in done] == [0] * 3, "".join(one.stderr for one in done)
    rows = worked(file)
    assert len(rows) == 3
    assert all(one[1] is not None and one[1] <= other[0] for one, other in pairwise(rows))


def test_on_sqlite_the_holder_is_killed(file: Path) -> None:
    """Its lock ends when the guard has ended the command, and not before."""
    env = {"DATABASE_URL": f"sqlite:{file}"}
    with start_cli(sqlite_argv(file, "--once", "k", seconds=30), env=env) as first:
        first.wait_for("begun")
        family = psutil.Process(first.pid).children(recursive=True)
        first.send(signal.SIGKILL)
        assert first.wait().returncode == KILLED
        assert run_cli(sqlite_argv(file, "--once", "k", seconds=0), env=env).returncode == 0
    assert alive(family) == []
    assert [ended is not None for _, ended in worked(file)] == [False, True]


# -- what the command is given --


def test_the_commands_sessions_have_a_name_of_their_own(place: Place) -> None:
    with place.start("--always", seconds=1.5, pod="shop-7c9f-x2x1b") as run:
        until(place.works, "it works")
        names = place.database.rows(
            "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'lockmaster/%' ORDER BY 1"
        )
        assert run.wait().returncode == 0
    assert len(names) == 2
    assert names[0] == ("lockmaster/shop-7c9f-x2x1b",)
    assert names[1][0].startswith("lockmaster/shop-7c9f-x2x1b#")


def test_the_url_made_of_parts_is_exported_when_asked(place: Place, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("p@ss w/rd")
    user, _ = place.database.server.create_role(attributes="LOGIN SUPERUSER")
    server = server_of(place.database)
    argv = [
        "exec", "--always", "--export-url", "APP_URL", "--log-format", "text",
        "--", sys.executable, "-c", "import os, psycopg2; psycopg2.connect(os.environ['APP_URL']); print('entered')",
    ]  # fmt: skip
    place.database.execute(f"ALTER ROLE {user} PASSWORD 'p@ss w/rd'")
    env = {
        "LOCKMASTER_HOST": server.host, "LOCKMASTER_PORT": str(server.port), "LOCKMASTER_USER": user,
        "LOCKMASTER_PASSWORD_FILE": str(password), "LOCKMASTER_DBNAME": place.database.name,
    }  # fmt: skip
    done = run_cli(argv, env=env)
    assert done.returncode == 0, done.stderr
    assert "| entered" in done.stderr


def test_a_password_among_the_arguments_is_masked_and_warned_of(place: Place) -> None:
    argv = ["exec", "--always", "--log-format", "text", "--", "sh", "-c", "exit 4", "postgresql://u:sesame-open@h/d"]
    done = run_cli(argv, env=place.env())
    assert done.returncode == 12
    assert "a password among its arguments" in done.stderr
    assert "sesame-open" not in done.stderr


# -- again --


def test_exit_codes_that_are_worth_a_retry(place: Place, tmp_path: Path) -> None:
    """Fails twice with 75, then works; another code is final at once."""
    count = tmp_path / "count"
    line = f"echo x >> {count}; [ $(wc -l < {count}) -ge 3 ] || exit 75"
    argv = ["exec", "--always", "--retry-on", "75,137", "--log-format", "text", "--", "sh", "-c", line]
    done = run_cli(argv, env=place.env())
    assert done.returncode == 0, done.stderr
    assert len(count.read_text().splitlines()) == 3
    count.unlink()
    argv[argv.index("75,137")] = "1"
    assert run_cli(argv, env=place.env()).returncode == 12
    assert len(count.read_text().splitlines()) == 1


def test_a_command_for_which_the_herd_left_no_connection_is_tried_again(place: Place, tmp_path: Path) -> None:
    """C5: 53300, told by the words that clients print."""
    count = tmp_path / "count"
    said = "FATAL: sorry, too many clients already"
    line = f'echo x >> {count}; [ $(wc -l < {count}) -ge 2 ] || {{ echo "{said}" >&2; exit 1; }}'
    done = run_cli(["exec", "--always", "--log-format", "text", "--", "sh", "-c", line], env=place.env())
    assert done.returncode == 0, done.stderr
    assert "no connection left" in done.stderr


def test_the_last_lines_are_in_the_termination_message(place: Place, tmp_path: Path) -> None:
    log = tmp_path / "termination"
    script = tmp_path / "script"
    script.write_text("seq 1 2000; echo the reason; exit 9")
    argv = ["exec", "--always", "--termination-log", str(log), "--", "sh", str(script)]
    assert run_cli(argv, env=place.env()).returncode == 12
    text = log.read_text()
    assert len(text.encode()) <= 4096
    assert "ended with 9" in text
    assert "\n2000\nthe reason\n" in text


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
def test_other_signals_are_the_commands(place: Place, number: signal.Signals) -> None:
    line = f"trap 'echo heard; exit 0' {number.name.removeprefix('SIG')}; echo ready; while :; do sleep 0.05; done"
    with start_cli(["exec", "--always", "--", "sh", "-c", line], env=place.env()) as run:
        run.wait_for('"ready"')
        run.send(number)
        done = run.wait(20)
    assert (done.returncode, '"heard"' in done.stderr) == (0, True), done.stderr
