"""The turn, the transaction, and what SQLite would do wrong by itself. Names like a1: PROTOCOL-FACTS.md."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lockmaster.databases.sqlite import direct
from lockmaster.databases.sqlite import session as session_module
from lockmaster.databases.sqlite import turn as turn_module
from lockmaster.databases.sqlite.session import SqliteSession
from lockmaster.engine.failures import LostTurnError, ServerError
from lockmaster.engine.model import Alone
from lockmaster.errors import StoppedError, UnreachableError
from tests.unit.databases.sqlite_kit import DIALECT, Home

FAMILY = """
CREATE TABLE "User" ("id" INTEGER NOT NULL PRIMARY KEY, "name" TEXT);
CREATE TABLE "Post" ("id" INTEGER NOT NULL PRIMARY KEY, "user" INTEGER NOT NULL,
    CONSTRAINT "p" FOREIGN KEY ("user") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO "User" VALUES (1, 'a'), (2, 'b');
INSERT INTO "Post" VALUES (1, 1), (2, 1), (3, 2);
"""
# the text that Prisma writes for every change that ALTER TABLE cannot do
REDEFINE = """-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_User" ("id" INTEGER NOT NULL PRIMARY KEY, "name" TEXT NOT NULL);
INSERT INTO "new_User" ("id", "name") SELECT "id", "name" FROM "User";
DROP TABLE "User";
ALTER TABLE "new_User" RENAME TO "User";
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
"""
FOREIGN_KEYS = frozenset({"foreign-keys"})


@pytest.fixture(params=["text", "bytes"])
def home(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Give a home whose statements all go through Python's module, and one where they are all too large for that."""
    if request.param == "bytes":
        monkeypatch.setattr(session_module, "LARGE", -1)
    home = Home(tmp_path)
    yield home
    home.close()


def failure(home: Home, session: SqliteSession, body: str, **fields: Any) -> ServerError:
    with pytest.raises(ServerError) as caught:
        home.run(session, home.unit(1, body, **fields))
    return caught.value


class Reading:
    """An application in the middle of a query, which keeps a COMMIT out."""

    def __init__(self, home: Home) -> None:
        home.turn().close()  # the history is there before somebody reads
        home.execute("CREATE TABLE IF NOT EXISTS app (x)", "INSERT INTO app VALUES (1), (2)")
        self._connection = sqlite3.connect(home.file, isolation_level=None, check_same_thread=False)
        self._cursor = self._connection.execute("SELECT * FROM app")
        self._cursor.fetchone()

    def end(self) -> None:
        self._cursor.close()
        self._connection.close()


# ---- a1: foreign keys ----


def test_a1_table_rebuild_keeps_the_rows_of_the_children(home: Home) -> None:
    home.write({"1_family.sql": FAMILY, "2_redefine.sql": REDEFINE})
    home.migrate()
    assert home.rows('SELECT * FROM "Post"') == [(1, 1), (2, 1), (3, 2)]
    assert home.rows("PRAGMA foreign_key_check") == []
    assert home.applied() == ["1_family", "2_redefine"]


def test_a1_delete_cascades(home: Home) -> None:
    home.write({"1_family.sql": FAMILY, "2_delete.sql": 'DELETE FROM "User" WHERE id = 1;'})
    home.migrate()
    assert home.rows('SELECT * FROM "Post"') == [(3, 2)]


def test_a1_foreign_keys_are_on_again_after_a_rebuild(home: Home) -> None:
    home.write(
        {
            "1_family.sql": FAMILY,
            "2_redefine.sql": REDEFINE,
            "3_delete.sql": 'DELETE FROM "User" WHERE id = 1;',
        }
    )
    home.migrate()
    assert home.rows('SELECT * FROM "Post"') == [(3, 2)]


def test_a1_foreign_keys_are_on_again_after_a_rebuild_that_failed(home: Home) -> None:
    home.execute(*filter(str.strip, FAMILY.split(";")))
    session = home.turn()
    failure(home, session, "DROP TABLE nowhere;", notes=FOREIGN_KEYS)
    home.run(session, home.unit(1, 'DELETE FROM "User" WHERE id = 1'))
    assert home.rows('SELECT * FROM "Post"') == [(3, 2)]
    session.close()


def test_a1_a_rebuild_that_leaves_rows_without_a_parent_is_rolled_back(home: Home) -> None:
    home.execute(*filter(str.strip, FAMILY.split(";")))
    session = home.turn()
    error = failure(home, session, 'DELETE FROM "User" WHERE id = 1', notes=FOREIGN_KEYS)
    assert error.kind == "script"
    assert error.text == "row 1 of post would refer to a row of user that does not exist (2 such rows)"
    assert "migration of its own" in error.hint
    assert home.rows('SELECT count(*) FROM "User"') == [(2,)]
    assert home.applied() == []


def test_a1_rows_that_had_no_parent_before_are_nobodys_fault(home: Home) -> None:
    home.execute(*filter(str.strip, FAMILY.split(";")), 'INSERT INTO "Post" VALUES (4, 77)')
    session = home.turn()
    home.run(session, home.unit(1, REDEFINE.replace("PRAGMA foreign_keys", "-- "), notes=FOREIGN_KEYS))
    assert home.rows("PRAGMA foreign_key_check") == [("Post", 4, "User", 0)]
    error = failure(home, home.turn(), 'INSERT INTO "Post" VALUES (5, 78)', notes=FOREIGN_KEYS)
    assert error.text.endswith("(2 such rows, 1 before the script)")


def test_a1_a_schema_in_which_foreign_keys_cannot_be_checked(home: Home) -> None:
    home.execute("CREATE TABLE p (a)", "CREATE TABLE c (a REFERENCES p (a))")
    session = home.turn()
    home.run(session, home.unit(1, "CREATE TABLE x (a)", notes=FOREIGN_KEYS))  # it was so before: not refused
    session.close()
    home.execute("DROP TABLE c")
    error = failure(
        home, home.turn(), "CREATE TABLE c (a REFERENCES p (a)); INSERT INTO c VALUES (1)", notes=FOREIGN_KEYS
    )
    assert "not unique" in error.text


def test_a_deferred_violation_fails_at_commit(home: Home) -> None:
    home.execute(*filter(str.strip, FAMILY.split(";")))
    session = home.turn()
    error = failure(home, session, 'PRAGMA defer_foreign_keys=ON; DELETE FROM "User"; INSERT INTO "Post" VALUES (9, 9)')
    assert (error.kind, error.sqlstate) == ("script", "SQLITE_CONSTRAINT_FOREIGNKEY")
    assert home.rows('SELECT count(*) FROM "User"') == [(2,)]


def test_a1_somebody_who_applies_it_while_foreign_keys_are_switched_is_noticed(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = home.turn()
    begin = turn_module.Turn._begin

    def come_in_between(turn: turn_module.Turn, *, foreign_keys: bool) -> bool:
        if not foreign_keys:
            monkeypatch.undo()
            home.execute(*home.history.resolve(home.migration(1), "1" * 64))
        return begin(turn, foreign_keys=foreign_keys)

    monkeypatch.setattr(turn_module.Turn, "_begin", come_in_between)
    with pytest.raises(LostTurnError, match="somebody else wrote"):
        home.run(session, home.unit(1, "CREATE TABLE t (a)", notes=FOREIGN_KEYS))
    assert home.rows("SELECT name FROM sqlite_master WHERE name = 't'") == []


def test_a1_somebody_who_keeps_the_file_while_foreign_keys_are_switched_is_noticed(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = home.turn()
    begin = turn_module.Turn._begin
    other = home.connect()

    def come_in_between(turn: turn_module.Turn, *, foreign_keys: bool) -> bool:
        if not foreign_keys and not other.in_transaction:
            other.execute("BEGIN IMMEDIATE")
        return begin(turn, foreign_keys=foreign_keys)

    monkeypatch.setattr(turn_module.Turn, "_begin", come_in_between)
    with pytest.raises(LostTurnError, match="somebody else took it"):
        home.run(session, home.unit(1, "CREATE TABLE t (a)", notes=FOREIGN_KEYS))
    other.close()


# ---- the turn ----


def test_one_turn(home: Home) -> None:
    first, second = home.turn(), home.session()
    assert not second.try_turn(home.history)
    assert first.try_turn(home.history)  # it has it already
    first.release()
    assert second.try_turn(home.history)
    second.release()
    second.release()


def test_a_read_only_session_takes_no_turn(home: Home) -> None:
    home.turn().close()
    session = home.session(write=False)
    with pytest.raises(ServerError) as caught:
        session.try_turn(home.history)
    assert caught.value.kind == "read-only"
    session.close()


def test_nothing_is_written_without_a_turn(home: Home) -> None:
    session = home.turn()
    session.release()
    with pytest.raises(LostTurnError):
        session.write(["CREATE TABLE t (a)"])
    with pytest.raises(LostTurnError):
        home.run(session, home.unit(1, "CREATE TABLE t (a)"))


def test_going_on_after_a_commit_needs_an_unchanged_history(home: Home) -> None:
    session = home.turn()
    session.write(["CREATE TABLE one (a)"])
    home.execute("INSERT INTO one VALUES (1)")  # the application writes: that is no business of ours
    session.write(["CREATE TABLE two (a)"])
    home.execute(*home.history.resolve(home.migration(7), "1" * 64))
    with pytest.raises(LostTurnError, match="somebody else wrote"):
        session.write(["CREATE TABLE three (a)"])
    with pytest.raises(LostTurnError, match="no turn"):
        session.write(["CREATE TABLE three (a)"])


def test_going_on_after_a_failure(home: Home) -> None:
    session = home.turn()
    failure(home, session, "nonsense")
    session.write(home.history.begin(home.migration(1), "1" * 64, "failed"))
    assert session.read(home.history).records[0].journal == "failed"


def test_the_history_is_created_with_the_turn(home: Home) -> None:
    session = home.session()
    assert session.try_turn(home.history)
    assert not session.read(home.history).exists
    session.write(home.history.create())
    assert session.read(home.history).exists
    session.close()


def test_sleeping_has_no_connection(home: Home) -> None:
    home.turn().close()
    home.execute("PRAGMA journal_mode=WAL")
    session = home.session(write=False)
    session.sleep(0.01)
    assert home.rows("PRAGMA journal_mode=DELETE") == [("delete",)]  # WAL's readers would be in its way


# ---- c8: busy ----


def test_c8_a_commit_beside_a_reader_is_repeated(home: Home) -> None:
    reader = Reading(home)
    session = home.turn(lock_timeout=5)
    timer = threading.Timer(0.3, reader.end)
    timer.start()
    home.run(session, home.unit(1, "CREATE TABLE t (a)"))
    timer.join()
    assert home.applied() == ["1_m"]


def test_c8_a_commit_gives_way_to_a_long_reader(home: Home) -> None:
    reader = Reading(home)
    session = home.turn(lock_timeout=0.1)
    error = failure(home, session, "CREATE TABLE t (a)")
    assert error.kind == "busy"
    assert home.rows("SELECT count(*) FROM app") == [(2,)]  # new readers are let in again
    reader.end()
    home.run(session, home.unit(1, "CREATE TABLE t (a)"))
    assert home.applied() == ["1_m"]


def test_a_reader_waits_for_who_has_the_whole_file(home: Home) -> None:
    home.turn().close()
    other = sqlite3.connect(home.file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(UnreachableError, match="locked by another process"):
        home.session(write=False, wait=0.2)
    timer = threading.Timer(1.3, other.close)
    timer.start()
    session = home.session(write=False, wait=10)
    assert session.read(home.history).exists
    assert "another process has locked the file" in [getattr(event, "cause", "") for event in home.events]
    timer.join()


# ---- running ----


def test_offset_of_the_statement_that_failed(home: Home) -> None:
    body = "CREATE TABLE t (a);\n-- x\nINSERT INTO t VALUES (1);\n  INSERT INTO nowhere VALUES (1);\n"
    error = failure(home, home.turn(), body)
    assert (error.kind, error.index, error.text) == ("script", 0, "no such table: nowhere")
    assert error.offset == body.index("nowhere")
    assert error.done_before
    assert home.applied() == []


def test_offset_in_bytes(home: Home) -> None:
    body = "SELECT 'äöü'; SELECT 'é' FRM x"
    error = failure(home, home.turn(), body)
    assert error.offset is not None
    assert body.encode()[error.offset :].startswith((b"SELECT", b"FRM", b"x"))


@pytest.mark.parametrize("word", ["COMMIT", "END", "ROLLBACK", "BEGIN", "  commit transaction", "/* */ END"])
def test_no_statement_ends_our_transaction(home: Home, word: str) -> None:
    error = failure(home, home.turn(), f"CREATE TABLE t (a); {word}; CREATE TABLE u (a)")
    assert error.kind == "script"
    assert home.rows("SELECT name FROM sqlite_master WHERE name IN ('t', 'u')") == []


def test_savepoints_are_the_scripts_own(home: Home) -> None:
    body = "CREATE TABLE t (a); SAVEPOINT s; INSERT INTO t VALUES (1); ROLLBACK TO s; RELEASE s"
    home.run(home.turn(), home.unit(1, body))
    assert home.rows("SELECT count(*) FROM t") == [(0,)]


def test_insert_or_rollback_leaves_nothing(home: Home) -> None:
    session = home.turn()
    error = failure(home, session, "CREATE TABLE t (a UNIQUE); INSERT OR ROLLBACK INTO t VALUES (1), (1)")
    assert error.sqlstate == "SQLITE_CONSTRAINT_UNIQUE"
    assert home.rows("SELECT name FROM sqlite_master WHERE name = 't'") == []


def test_a_script_that_rolls_itself_back_is_recorded(home: Home) -> None:
    home.run(home.turn(), home.unit(1, "CREATE TABLE t (a)", rolled_back=True))
    assert home.applied() == ["1_m"]
    assert home.rows("SELECT name FROM sqlite_master WHERE name = 't'") == []


def test_an_empty_script(home: Home) -> None:
    home.run(home.turn(), home.unit(1, "-- nothing\n"))
    assert home.applied() == ["1_m"]


def test_a_script_that_changes_the_history_is_refused(home: Home) -> None:
    body = "CREATE TRIGGER x AFTER INSERT ON lockmaster_history BEGIN DELETE FROM lockmaster_history; END"
    error = failure(home, home.turn(), body)
    assert "history counts 0 instead of 1" in error.text
    assert home.rows("SELECT count(*) FROM lockmaster_history") == [(0,)]


@pytest.mark.parametrize("body", ["SELECT ?", "SELECT :name", "INSERT INTO t VALUES ($1)"])
def test_parameters(home: Home, body: str) -> None:
    home.execute("CREATE TABLE t (a)")
    assert "parameter" in failure(home, home.turn(), body).text


@pytest.mark.parametrize("body", ["VACUUM", "PRAGMA synchronous=OFF", "PRAGMA wal_checkpoint"])
def test_what_refuses_a_transaction_is_said_to_be_so(home: Home, body: str) -> None:
    home.execute("PRAGMA journal_mode=WAL")
    error = failure(home, home.turn(), f"CREATE TABLE t (a); {body}")
    assert error.kind == "alone"
    assert error.offset == len("CREATE TABLE t (a); ")


def test_rows_are_read_to_the_end(home: Home) -> None:
    """A PRAGMA or SELECT does its work as its rows are read, and an unread one would keep DROP TABLE out."""
    body = "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2) RETURNING a; SELECT * FROM t; DROP TABLE t"
    home.run(home.turn(), home.unit(1, body))


def test_what_a_script_leaves_in_the_session_goes_with_it(home: Home) -> None:
    home.write({
        "1_a.sql": "CREATE TEMP TABLE t (a); PRAGMA recursive_triggers=ON;",
        "2_b.sql": f"ATTACH '{home.path}/other.db' AS other;",
        "3_c.sql": "CREATE TEMP TABLE t (a);",
        "4_d.sql": f"ATTACH '{home.path}/other.db' AS other;"
        " CREATE TABLE r AS SELECT * FROM pragma_recursive_triggers;",
    })  # fmt: skip
    home.migrate()
    assert home.rows("SELECT * FROM r") == [(0,)]


def test_a_temporary_table_with_the_name_of_the_history(home: Home) -> None:
    home.write({"1_a.sql": "CREATE TEMP TABLE lockmaster_history (a);", "2_b.sql": "CREATE TABLE b (a);"})
    assert home.migrate().applied == ("1_a", "2_b")


def test_executescript_is_never_used() -> None:
    package = Path(turn_module.__file__).parent
    code = "".join(path.read_text() for path in package.glob("*.py"))
    assert ".executescript(" not in code


def test_when_a_script_began(home: Home) -> None:
    before = home.rows(f"SELECT {DIALECT.now}")[0][0]
    body = ENDLESS.replace("FROM n)", "FROM n WHERE i < 2000000)")
    home.run(home.turn(), home.unit(1, body))
    [(started, applied, took)] = home.rows("SELECT started_at, applied_at, duration_ms FROM lockmaster_history")
    assert before <= started < applied
    assert took > 0


# ---- pieces ----


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_pieces(home: Home, mode: str) -> None:
    home.execute(f"PRAGMA journal_mode={mode}")
    home.write({
        "1_pieces.sql": "BEGIN; CREATE TABLE a (x); COMMIT; VACUUM; BEGIN; CREATE TABLE b (x); COMMIT;"
        " PRAGMA synchronous=FULL;"
        " CREATE TABLE c (x);",
        "2_vacuum.sql": "VACUUM;",
        "3_after.sql": "CREATE TABLE d (x);",
    })  # fmt: skip
    assert home.migrate().applied == ("1_pieces", "2_vacuum", "3_after")
    assert home.rows("SELECT group_concat(name, '') FROM sqlite_master WHERE length(name) = 1") == [("abcd",)]
    assert home.is_free()  # nothing is held


def test_page_size_takes_effect_with_the_vacuum_after_it(home: Home) -> None:
    home.execute("CREATE TABLE a (x)")
    home.turn().close()
    home.write({"1_page.sql": "PRAGMA page_size=8192;\nVACUUM;\n"})
    home.migrate()
    assert home.rows("PRAGMA page_size") == [(8192,)]


def test_a_statement_that_only_sqlite_knows_to_refuse_a_transaction_is_cut_out(home: Home) -> None:
    home.execute("PRAGMA journal_mode=WAL")
    lines = "PRAGMA foreign_keys=OFF", "CREATE TABLE a (x)", "PRAGMA wal_checkpoint", "CREATE TABLE b (x)"
    home.write({"1_a.sql": ";\n".join(lines)})
    home.migrate()
    assert home.applied() == ["1_a"]
    assert home.rows("SELECT count(*) FROM sqlite_master WHERE name IN ('a', 'b')") == [(2,)]


def test_cut_alone() -> None:
    script = b"CREATE TABLE a (x);\n-- c\nPRAGMA wal_checkpoint;\n\nCREATE TABLE b (x);\n"
    parsed = DIALECT.parse(script)
    first, alone, last = DIALECT.cut_alone(script, parsed, script.index(b"wal")).segments
    assert script[first.start : first.end] == b"CREATE TABLE a (x)"
    assert (alone.kind, alone.line, script[alone.start : alone.end]) == ("alone", 3, b"PRAGMA wal_checkpoint")
    assert (last.line, script[last.start : last.end]) == (5, b"CREATE TABLE b (x)")
    assert len(DIALECT.cut_alone(script, parsed, 0).segments) == 2
    own = b"BEGIN; CREATE TABLE a (x); PRAGMA wal_checkpoint; COMMIT;"
    assert DIALECT.cut_alone(own, DIALECT.parse(own), own.index(b"wal")) == DIALECT.parse(own)


@pytest.mark.parametrize("to", ["WAL", "DELETE"])
def test_journal_mode(home: Home, to: str) -> None:
    home.execute(f"PRAGMA journal_mode={'DELETE' if to == 'WAL' else 'WAL'}")
    home.write({"1_mode.sql": f"CREATE TABLE a (x); PRAGMA journal_mode={to}; CREATE TABLE b (x);"})
    home.migrate()
    assert home.rows("PRAGMA journal_mode") == [(to.lower(),)]
    assert home.applied() == ["1_mode"]


def test_between_two_pieces_nobody_else_gets_in(home: Home) -> None:
    session = home.turn()
    session.run([home.unit(1, "CREATE TABLE a (x)", last=False, rows=())], "SELECT 1", 1)
    other = home.connect()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    session.run_alone(Alone("1_m", b"VACUUM", 0, 1, "vacuum"))
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    home.run(session, home.unit(1, "CREATE TABLE b (x)"))
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_temporary_table_lasts_from_piece_to_piece(home: Home) -> None:
    home.write({
        "1_temp.sql": "BEGIN; CREATE TEMP TABLE t AS SELECT 7 AS x; COMMIT;"
        " BEGIN; CREATE TABLE a AS SELECT x FROM t; COMMIT;"
    })  # fmt: skip
    home.migrate()
    assert home.rows("SELECT * FROM a") == [(7,)]


def test_a_statement_alone_gives_way(home: Home) -> None:
    reader = Reading(home)
    session = home.session(lock_timeout=0.1)
    with pytest.raises(ServerError) as caught:
        session.run_alone(Alone("1_m", b"VACUUM", 0, 1, "vacuum"))
    assert caught.value.kind == "busy"
    reader.end()
    session.run_alone(Alone("1_m", b"VACUUM", 0, 1, "vacuum"))


def test_verdicts(home: Home) -> None:
    session, alone = home.session(), Alone("1_m", b"VACUUM", 0, 1, "vacuum")
    assert session.evidence(alone) == ""
    assert session.judge(alone, "", answered=True).state == "done"
    assert session.judge(alone, "", answered=False).state == "again"


# ---- strangers ----


def test_strangers(home: Home) -> None:
    session = home.turn()
    session.release()
    assert session.strangers(home.history) == ()
    names = ["_prisma_migrations", "_litestream_seq", "_cf_KV", "app", "x_sqlite_y"]
    home.execute(*(f"CREATE TABLE {name} (x INTEGER PRIMARY KEY AUTOINCREMENT)" for name in names))
    home.execute("CREATE VIEW seen AS SELECT 1")
    assert session.strangers(home.history) == ("app", "seen", "x_sqlite_y")
    home.execute(*(f"CREATE TABLE a{number} (x)" for number in range(20)))
    assert len(session.strangers(home.history)) == 10
    session.close()


# ---- statements that are too large for Python's module ----


def as_bytes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """All statements go to SQLite as bytes; gives what went so."""
    monkeypatch.setattr(session_module, "LARGE", -1)
    ran: list[bytes] = []
    run = direct.Direct.run

    def noted(self: direct.Direct, body: bytes, start: int, end: int) -> bool:
        done = run(self, body, start, end)
        ran.extend([body[start:end]] if done else [])
        return done

    monkeypatch.setattr(direct.Direct, "run", noted)
    return ran


def test_a_large_statement_arrives_as_it_is(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = as_bytes(monkeypatch)
    body = (
        "CREATE TABLE t (a) /* ; */ ;\n-- é\nINSERT INTO t VALUES ('ж😀''\\'), (x'00ff');  INSERT INTO t SELECT 'end'"
    )
    home.run(home.turn(), home.unit(1, body))
    assert home.rows("SELECT a FROM t") == [("ж😀'\\",), (b"\x00\xff",), ("end",)]
    assert [one.split()[0] for one in ran] == [b"INSERT", b"INSERT"]  # a comment before the `;` is left to the module
    assert home.applied() == ["1_m"]


@pytest.mark.parametrize(
    ("statement", "state", "text"),
    [
        ("INSERT INTO t VALUES (1)", "SQLITE_CONSTRAINT_UNIQUE", "UNIQUE constraint failed: t.a"),
        ("INSERT INTO t VALUES ('😀', 2)", "SQLITE_ERROR", "table t has 1 columns but 2 values were supplied"),
        ("COMMIT", "SQLITE_AUTH", "COMMIT in a place where it would end Lockmaster's own transaction"),
        ("DETACH nowhere", "SQLITE_ERROR", "no such database: nowhere"),
    ],
)
def test_errors_of_a_large_statement_are_those_of_the_module(
    home: Home, monkeypatch: pytest.MonkeyPatch, statement: str, state: str, text: str
) -> None:
    as_bytes(monkeypatch)
    body = f"CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1); /* ö */ {statement}; SELECT 1"
    error = failure(home, home.turn(), body)
    assert (error.sqlstate, error.text) == (state, text)
    assert error.offset == body.encode().rindex(statement.encode())
    assert home.rows("SELECT count(*) FROM lockmaster_history") == [(0,)]


def test_without_the_library_the_module_does_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = as_bytes(monkeypatch)
    monkeypatch.setattr(direct, "_library", lambda: None)
    home.run(home.turn(), home.unit(1, "CREATE TABLE t AS SELECT '😀' AS a"))
    assert home.rows("SELECT a FROM t") == [("😀",)]
    assert ran == []


def test_what_an_earlier_piece_left_in_the_session_is_there_for_a_large_statement(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new connection, which bytes would need, would not have it."""
    monkeypatch.setattr(session_module, "LARGE", 60)
    session = home.turn()
    session.run([home.unit(1, "CREATE TEMP TABLE x AS SELECT 1 AS a", last=False, rows=())], "SELECT 1", 1)
    long = "CREATE TABLE t AS SELECT a, '0123456789012345678901234567890123456789' AS b FROM x"
    home.run(session, home.unit(1, long))
    assert home.rows("SELECT a FROM t") == [(1,)]


def test_somebody_who_applies_it_while_the_connection_is_made_anew_is_noticed(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_bytes(monkeypatch)
    session = home.turn()
    connected = direct.connected

    def slowly(connect: Any) -> Any:
        monkeypatch.setattr(direct, "connected", connected)
        other = home.turn()
        home.run(other, home.unit(1, "CREATE TABLE t (a)"))
        other.close()
        return connected(connect)

    monkeypatch.setattr(direct, "connected", slowly)
    with pytest.raises(LostTurnError):
        home.run(session, home.unit(1, "CREATE TABLE t (a)"))
    assert home.applied() == ["1_m"]


# ---- disk full, time, stop ----

ENDLESS = "CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT max(i) FROM n"


def test_disk_full(home: Home) -> None:
    session = home.turn()
    session.wire.large = True  # the limit is the connection's: it must stay
    session.wire.execute("PRAGMA max_page_count=20")
    error = failure(home, session, "CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(1000000))")
    assert (error.kind, error.sqlstate) == ("full", "SQLITE_FULL")
    assert home.applied() == []
    home.run(session, home.unit(1, "CREATE TABLE t (a)"))


def test_stop_during_a_long_statement(home: Home) -> None:
    session = home.turn()
    timer = threading.Timer(0.2, home.stop.request, ["SIGTERM"])
    timer.start()
    began = time.monotonic()
    with pytest.raises(StoppedError):
        home.run(session, home.unit(1, ENDLESS))
    assert time.monotonic() - began < 2
    timer.join()
    assert home.rows("SELECT count(*) FROM lockmaster_history") == [(0,)]
    assert home.is_free()


def test_stop_between_short_statements(home: Home) -> None:
    session = home.turn()
    home.stop.request("SIGTERM")
    with pytest.raises(StoppedError):
        home.run(session, home.unit(1, "SELECT 1"))


def test_stop_while_a_commit_waits(home: Home) -> None:
    reader = Reading(home)
    session = home.turn(lock_timeout=60)
    timer = threading.Timer(0.2, home.stop.request, ["SIGTERM"])
    timer.start()
    with pytest.raises(StoppedError):
        home.run(session, home.unit(1, "CREATE TABLE t (a)"))
    timer.join()
    reader.end()
    assert home.applied() == []


def test_stop_while_asleep(home: Home) -> None:
    session = home.session()
    timer = threading.Timer(0.1, home.stop.request, ["SIGTERM"])
    timer.start()
    with pytest.raises(StoppedError):
        session.sleep(30)
    timer.join()


def test_statement_timeout(home: Home) -> None:
    error = failure(home, home.turn(statement_timeout=0.1), f"CREATE TABLE a (x); {ENDLESS}")
    assert (error.kind, error.offset) == ("timeout", len("CREATE TABLE a (x); "))


def test_deadline(home: Home) -> None:
    from lockmaster.clock import Deadline

    session = home.turn(deadline=Deadline(home.clock, 0.3))
    assert failure(home, session, ENDLESS).kind == "timeout"
    assert home.applied() == []


# ---- reading ----


def test_a_session_that_reads_cannot_write(home: Home) -> None:
    home.turn().close()
    session = home.session(write=False)
    session.close()  # the next use opens it again
    with pytest.raises(ServerError) as caught:
        session.wire.execute("CREATE TABLE t (a)")
    assert caught.value.kind == "read-only"
    session.close()
    with pytest.raises(ServerError):
        session.wire.read("CREATE TABLE t (a)")


def test_a_file_that_goes_away_while_it_is_opened_is_not_made_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = home.session(write=False)
    monkeypatch.setattr(type(session.wire.place), "exists", lambda _: True)
    with pytest.raises(UnreachableError):
        session.read(home.history)
    assert not home.file.exists()
