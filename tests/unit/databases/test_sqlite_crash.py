"""Processes that die, race and are stopped. Whatever happens, each migration is in effect exactly once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockmaster.faults import Fault
from tests.unit.databases.sqlite_kit import Home

pytestmark = pytest.mark.crash

ROOT = Path(__file__).parents[3]
KILLED = -signal.SIGKILL
PLAIN = {
    "1_first.sql": "CREATE TABLE acc (n INTEGER); INSERT INTO acc VALUES (10);"
    " CREATE TABLE child (id INTEGER PRIMARY KEY, acc INTEGER REFERENCES parent (id) ON DELETE CASCADE);"
    " CREATE TABLE parent (id INTEGER PRIMARY KEY); INSERT INTO parent VALUES (1);"
    " INSERT INTO child VALUES (1, 1);",
    "2_double.sql": "UPDATE acc SET n = n * 2; CREATE TABLE two (x);",
    "3_redefine.sql": "PRAGMA foreign_keys=OFF; CREATE TABLE new_parent (id INTEGER PRIMARY KEY, x);"
    " INSERT INTO new_parent (id) SELECT id FROM parent; DROP TABLE parent;"
    " ALTER TABLE new_parent RENAME TO parent;"
    " UPDATE acc SET n = n + 1; PRAGMA foreign_keys=ON;",
}
PIECES = PLAIN | {
    "4_pieces.sql": "BEGIN; UPDATE acc SET n = n * 3; COMMIT; VACUUM;"
    " BEGIN; UPDATE acc SET n = n + 1; COMMIT;"
    " PRAGMA synchronous=FULL; UPDATE acc SET n = n * 5;",
    "5_alone.sql": "VACUUM;",
}
SCRIPTS = {"plain": (PLAIN, 21), "pieces": (PIECES, (21 * 3 + 1) * 5)}
# what a run without a foreign hand never comes to
NEVER = {
    "plain": {Fault.EVIDENCE, Fault.INTENT, Fault.ALONE_SENT, Fault.ALONE_ANSWERED, Fault.DONE},
    "pieces": set[Fault](),
}
ELSEWHERE = {Fault.RECOVERED}  # reached by the run after the killed one


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.close()


def start(home: Home, fault: str = "") -> subprocess.Popen[str]:
    env = os.environ | {"LOCKMASTER_FAULT": fault, "PYTHONPATH": str(ROOT / "src")}
    argv = [sys.executable, "-m", "tests.unit.databases.sqlite_kit", str(home.path)]
    return subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    output = process.communicate(timeout=60)[0]
    return process.returncode, output


def judge(home: Home, kind: str) -> None:
    scripts, n = SCRIPTS[kind]
    assert home.applied() == sorted(name.removesuffix(".sql") for name in scripts)
    assert home.rows("SELECT n FROM acc") == [(n,)]
    assert home.rows("SELECT * FROM child") == [(1, 1)]
    assert home.rows("PRAGMA foreign_key_check") == []
    assert home.rows("PRAGMA integrity_check") == [("ok",)]
    assert home.is_free()


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
@pytest.mark.parametrize("nth", [1, 2, 4])
@pytest.mark.parametrize("kind", SCRIPTS)
@pytest.mark.parametrize("fault", Fault)
def test_killed_at(home: Home, fault: Fault, kind: str, nth: int, mode: str) -> None:
    home.execute(f"PRAGMA journal_mode={mode}")
    home.write(SCRIPTS[kind][0])
    status, output = finish(start(home, f"{fault.value}@{nth}=kill"))
    assert status in (KILLED, 0), output
    if nth == 1:
        assert (status == KILLED) == (fault not in NEVER[kind] | ELSEWHERE), output
    status, output = finish(start(home))
    assert status == 0, output
    judge(home, kind)


@pytest.mark.parametrize("first", [Fault.INTENT, Fault.ALONE_ANSWERED, Fault.BEGUN])
def test_killed_again_while_recovering(home: Home, first: Fault) -> None:
    home.write(PIECES)
    nth = 8 if first is Fault.BEGUN else 1
    assert finish(start(home, f"{first.value}@{nth}=kill"))[0] == KILLED
    for fault in ("alone-sent", "recovered", "recorded@2", "statement"):
        assert finish(start(home, f"{fault}=kill"))[0] in (KILLED, 0)
    assert finish(start(home))[0] == 0
    judge(home, "pieces")


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
@pytest.mark.parametrize("kind", SCRIPTS)
def test_many_at_once(home: Home, kind: str, mode: str) -> None:
    home.execute(f"PRAGMA journal_mode={mode}")
    home.write(SCRIPTS[kind][0])
    answers = [finish(process) for process in [start(home) for _ in range(8)]]
    assert [status for status, _ in answers] == [0] * 8, answers
    judge(home, kind)


def test_many_at_once_of_which_the_first_is_killed_again_and_again(home: Home) -> None:
    home.write(PIECES)
    faults = [
        "recorded=kill",
        "statement@3=kill",
        "message-answered@2=kill",
        "intent=kill",
        "alone-answered=kill",
    ]
    victims = [start(home, fault) for fault in faults]
    others = [start(home) for _ in range(4)]
    assert {finish(process)[0] for process in victims} <= {0, KILLED}
    answers = [finish(process) for process in others]
    assert [status for status, _ in answers] == [0] * 4, answers
    judge(home, "pieces")


def test_many_at_once_beside_an_application_that_reads_and_writes(home: Home) -> None:
    home.execute("PRAGMA journal_mode=WAL", "CREATE TABLE app (x)")
    home.turn().close()  # there is a history: the application's table is no stranger
    home.write(PIECES)
    script = f"""
import sqlite3, time
db = sqlite3.connect({str(home.file)!r}, isolation_level=None, timeout=5)
while True:
    db.execute("INSERT INTO app VALUES (1)")
    db.execute("SELECT count(*) FROM app").fetchall()
    time.sleep(0.001)"""
    application = subprocess.Popen([sys.executable, "-c", script])
    try:
        answers = [finish(process) for process in [start(home) for _ in range(4)]]
        assert application.poll() is None
    finally:
        application.kill()
        application.wait()
    assert [status for status, _ in answers] == [0] * 4, answers
    judge(home, "pieces")


def test_sigterm_during_a_long_statement(home: Home, tmp_path: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT max(i) FROM n"
    home.write({"1_endless.sql": f"CREATE TABLE a (x); CREATE TABLE t AS {endless};"})
    reached = tmp_path / "reached"
    process = start(home, f"statement=pause:{reached}")
    while not reached.exists():
        time.sleep(0.01)
    reached.unlink()
    time.sleep(0.2)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    status, output = finish(process)
    assert time.monotonic() - began < 2
    assert status == 143, output
    assert home.rows("SELECT count(*) FROM lockmaster_history") == [(0,)]


def test_disk_full(home: Home, tmp_path: Path) -> None:
    """A real one: a file system of one megabyte."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", small], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip(f"cannot mount: {mounted.stderr!r}")
    try:
        home.path, home.file, home.folder = small, small / "app.db", small / "migrations"
        home.write(
            {
                "1_a.sql": "CREATE TABLE a (x);",
                "2_big.sql": "CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(5000000));",
            }
        )
        status, output = finish(start(home))
        assert status == 12, output
        assert "database or disk is full" in output
        assert home.applied() == ["1_a"]
        (home.folder / "2_big.sql").write_text("CREATE TABLE t (a);")
        assert finish(start(home))[0] == 0
    finally:
        subprocess.run(["umount", small], check=True)
