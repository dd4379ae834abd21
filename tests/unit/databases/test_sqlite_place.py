"""URLs of SQLite, and what the file system says about them."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockmaster.clock import Deadline
from lockmaster.databases.sqlite.place import parse
from lockmaster.errors import AccessDeniedError, UnreachableError, UsageError
from tests.unit.databases.sqlite_kit import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.close()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///data/app.db", "/data/app.db"),
        ("sqlite:////data/app.db", "/data/app.db"),  # SQLAlchemy's way to write an absolute path
        ("sqlite:/data/app.db", "/data/app.db"),
        ("SQLite:///data/app.db", "/data/app.db"),
        ("sqlite3:/data/app.db", "/data/app.db"),
        ("sqlite://localhost/data/app.db", "/data/app.db"),
        ("sqlite:///data/a%20b.db", "/data/a b.db"),
        ("sqlite:///data/100%25%C3%A9.db", "/data/100%é.db"),
        ("file:///data/app.db", "/data/app.db"),
        ("file:/data/app.db?connection_limit=1&socket_timeout=10", "/data/app.db"),
        ("file:/data/100%25.db", "/data/100%25.db"),  # Prisma decodes nothing
        ("file:./dev.db", "/project/prisma/dev.db"),
        ("file:dev.db", "/project/prisma/dev.db"),
        ("file:../dev.db", "/project/prisma/../dev.db"),
    ],
)
def test_forms(url: str, path: str) -> None:
    assert parse(url, "/project/prisma").path == path


@pytest.mark.parametrize("url", ["sqlite:app.db", "sqlite://app.db", "sqlite:./app.db"])
def test_a_relative_path_starts_at_the_working_directory(url: str) -> None:
    assert parse(url, "/project/prisma").path == str(Path.cwd() / "app.db")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite::memory:", "in memory"),
        ("sqlite://:memory:", "in memory"),
        ("file::memory:?cache=shared", "in memory"),
        ("file:app.db?mode=memory", "parameter mode"),
        ("sqlite:app.db?vfs=unix-none", "parameter vfs"),
        ("sqlite:", "names no database file"),
        ("sqlite:///", "names no database file"),
        ("sqlite:folder/", "names no database file"),
        ("sqlite:a\0b", "names no database file"),
        ("sqlite:%00", "names no database file"),
        ("sqlite:a%zz", "two hex digits"),
        ("sqlite:a%4", "two hex digits"),
        ("sqlite:a%", "two hex digits"),
        ("sqlite:a%ff", "UTF-8"),
        ("postgres://h/d", "not a URL of a SQLite file"),
        ("app.db", "not a URL of a SQLite file"),
    ],
)
def test_refused(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse(url, "/project")
    assert "\n" not in caught.value.message


def test_its_text_has_no_query() -> None:
    assert str(parse("sqlite:///data/app.db?key=hunter2", "")) == "sqlite:/data/app.db"


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "what?.db", "a#b.db", "a%20b.db", "é.db", "a'b.db"])
def test_any_name_opens_the_file_of_that_name(home: Home, tmp_path: Path, name: str) -> None:
    home.file = tmp_path / name
    session = home.session()
    assert session.try_turn(home.history)
    session.write(home.history.create())
    session.close()
    assert list(tmp_path.iterdir()) == [home.file]


def test_missing_file_is_a_database_without_history_and_stays_missing(home: Home, tmp_path: Path) -> None:
    session, view = home.database().open(home.history, Deadline(home.clock, 1), write=False)
    assert not view.exists
    assert view.records == ()
    assert session.strangers(home.history) == ()
    assert session.recovery  # nothing can be written over it
    session.close()
    assert list(tmp_path.iterdir()) == []


def test_opening_to_write_does_not_create_it_either_before_the_first_turn(home: Home, tmp_path: Path) -> None:
    session = home.session(write=True)
    assert list(tmp_path.iterdir()) == []
    session.try_turn(home.history)
    assert home.file.exists()
    session.close()


def test_a_gate_sees_the_file_once_it_is_there(home: Home) -> None:
    session = home.session(write=False)
    home.write({"1_a.sql": "CREATE TABLE a (x);"})
    home.migrate()
    assert session.sleep(0) is False
    assert [record.id for record in session.read(home.history).records] == ["1"]
    session.close()


def test_a_gate_sees_a_file_that_was_put_in_the_place_of_another(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    other.path.mkdir()
    home.execute("CREATE TABLE app (x)")
    session = home.session(write=False)
    assert not session.read(home.history).exists
    other.write({"1_a.sql": "CREATE TABLE a (x);"})
    other.migrate()
    other.file.replace(home.file)
    session.sleep(0)
    assert session.read(home.history).exists
    session.close()


@pytest.mark.parametrize("write", [False, True])
def test_directory(home: Home, *, write: bool) -> None:
    home.file.mkdir()
    with pytest.raises(UsageError, match="is a directory"):
        home.session(write=write)


def test_missing_folder(home: Home, tmp_path: Path) -> None:
    home.file = tmp_path / "no" / "app.db"
    assert home.session(write=False).read(home.history).exists is False
    with pytest.raises(UsageError, match=r"folder of .* does not exist") as caught:
        home.session(write=True)
    assert str(tmp_path / "no") in caught.value.hint


@pytest.mark.parametrize("write", [False, True])
def test_a_file_as_folder(home: Home, tmp_path: Path, *, write: bool) -> None:
    (tmp_path / "plain").write_text("")
    home.file = tmp_path / "plain" / "app.db"
    with pytest.raises(UsageError, match="Not a directory"):
        home.session(write=write)


def test_link_loop(home: Home) -> None:
    home.file.symlink_to(home.file)
    with pytest.raises(UsageError, match="symbolic links"):
        home.session(write=False)


@pytest.mark.parametrize("content", [b"hello " * 500, b"hi", b"SQLite format 4\0" + b"x" * 4000])
@pytest.mark.parametrize("write", [False, True])
def test_not_a_database(home: Home, content: bytes, *, write: bool) -> None:
    home.file.write_bytes(content)
    with pytest.raises(UsageError, match="is not a SQLite database"):
        home.session(write=write)
    assert home.file.read_bytes() == content


def test_damaged(home: Home) -> None:
    home.execute("CREATE TABLE a (x)")
    with home.file.open("r+b") as file:
        file.seek(100)  # the header of the first page, where sqlite_master is
        file.write(b"\xff" * 200)
    with pytest.raises(UsageError, match="is damaged"):
        home.session(write=False)


def test_an_empty_file_is_an_empty_database(home: Home) -> None:
    home.file.touch()
    home.write({"1_a.sql": "CREATE TABLE a (x);"})
    assert home.migrate().applied == ("1_a",)


# ---- rights (as another user, because root may do everything) ----

_OPEN = """
import os, sys
sys.path[:0] = [{src!r}, {root!r}]
from pathlib import Path
from tests.unit.databases.sqlite_kit import Home
import _random  # everything that is loaded late: the interpreter may be where only root can read
os.setgroups([]); os.setgid(65534); os.setuid(65534)
home = Home(Path({path!r}))
try:
    session = home.session(write={write}, wait=0.3)
    print("ok", session.read(home.history).exists)
except Exception as error:
    print(type(error).__name__, error, "|", error.hint)
"""


@pytest.fixture
def shared() -> Iterator[Home]:
    """A home that every user can reach; pytest keeps its own folders to itself."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become another user")
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        home.path.chmod(0o755)
        yield home
        home.close()


def _as_nobody(home: Home, *, write: bool) -> str:
    root = Path(__file__).parents[3]
    script = _OPEN.format(src=str(root / "src"), root=str(root), path=str(home.path), write=write)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_a_file_that_may_only_be_read(shared: Home) -> None:
    shared.turn().close()
    shared.file.chmod(0o644)
    assert _as_nobody(shared, write=False) == "ok True\n"
    answer = _as_nobody(shared, write=True)
    assert answer.startswith(AccessDeniedError.__name__)
    assert f"no permission to write {shared.file}" in answer
    assert "this process is user 65534" in answer


def test_a_folder_that_may_only_be_read(shared: Home) -> None:
    shared.turn().close()
    shared.file.chmod(0o666)
    assert "its journal is made in its folder" in _as_nobody(shared, write=True)


def _leave_hot_journal(home: Home) -> None:
    script = f"""
import os, sqlite3
db = sqlite3.connect({str(home.file)!r}, isolation_level=None)
db.execute("CREATE TABLE big (x)")
db.execute("PRAGMA cache_size=5")
db.execute("BEGIN IMMEDIATE")
for _ in range(2000): db.execute("INSERT INTO big VALUES (?)", ("x" * 1000,))
os.kill(os.getpid(), 9)"""
    subprocess.run([sys.executable, "-c", script], check=False)
    assert Path(f"{home.file}-journal").exists()


def test_c8_hot_journal_is_rolled_back_by_one_opening_with_write_access(home: Home) -> None:
    _leave_hot_journal(home)
    assert home.session(write=False).strangers(home.history) == ("big",)
    assert home.rows("SELECT count(*) FROM big") == [(0,)]


def test_c8_hot_journal_that_we_may_not_roll_back_is_named(shared: Home) -> None:
    _leave_hot_journal(shared)
    answer = _as_nobody(shared, write=False)
    assert answer.startswith(UnreachableError.__name__)
    assert "the journal of a writer that died" in answer


def test_c8_wal_in_a_folder_that_may_only_be_read_is_named(shared: Home) -> None:
    shared.execute("PRAGMA journal_mode=WAL", "CREATE TABLE a (x)")
    answer = _as_nobody(shared, write=False)
    assert answer.startswith(UnreachableError.__name__)
    assert "WAL mode" in answer


def test_wal_can_be_read_where_the_folder_can_be_written(home: Home) -> None:
    home.execute("PRAGMA journal_mode=WAL", "CREATE TABLE a (x)")
    assert home.session(write=False).strangers(home.history) == ("a",)
