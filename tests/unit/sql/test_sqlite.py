"""SQLite: where a statement ends, what is one transaction, and what the runner is told."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockmaster.sql.scan import ScriptError
from lockmaster.sql.sqlite import parse, split

TRIGGER = (
    "CREATE TRIGGER g AFTER INSERT ON t BEGIN\n  UPDATE t SET a = CASE WHEN a = ';' THEN 1 END; -- END;\n"
    "  DELETE FROM u /* ; END; */; END"
)


def texts(script: str) -> list[str]:
    raw = script.encode()
    return [raw[found.start : found.end].decode() for found in split(raw)]


def segments(script: str) -> list[tuple[str, str]]:
    raw = script.encode()
    shown = []
    for segment in parse(raw).segments:
        sent = bytearray(raw)
        for start, end in segment.blanks:
            sent[start:end] = b" " * (end - start)
        text = " ".join(sent[segment.start : segment.end].decode().split())
        shown.append((segment.what or segment.modes or "tx", text + (" (rolled back)" if segment.rolled_back else "")))
    return shown


def kinds(script: str) -> set[str]:
    return {note.kind for note in parse(script.encode()).notes}


@pytest.mark.parametrize(
    "one",
    [
        "SELECT 'a;''b;'",
        r"SELECT '\'",
        'SELECT "a;""b", `c;``d`, [e;f]',
        "SELECT x'3B', 'é;'",
        "SELECT 1 /* ; /* ; */ + 1",
        "SELECT 1 -- ; '\n+ 1",
        "SELECT 1 - -1 / 2",
        "SELECT $a, :b, @c, ?1",
        TRIGGER,
        TRIGGER.replace("TRIGGER", "TEMP TRIGGER IF NOT EXISTS").lower(),
        "EXPLAIN QUERY PLAN " + TRIGGER,
    ],
)
def test_statement_that_looks_like_two_is_one(one: str) -> None:
    assert texts(f"{one};\n{one} ; SELECT 9") == [one, one, "SELECT 9"]
    assert sqlite3.complete_statement(f"{one};")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("\ufeffSELECT 1; ;; -- x\n;SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1; /* never closed ; SELECT 2", ["SELECT 1"]),
        ("SELECT 1 -- a\r; b\n; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("CREATE TABLE trigger_x (a); SELECT 2; END", ["CREATE TABLE trigger_x (a)", "SELECT 2", "END"]),
        ("", []),
    ],
)
def test_split(script: str, expected: list[str]) -> None:
    assert texts(script) == expected


@pytest.mark.parametrize(
    ("script", "line", "word"),
    [
        ("SELECT 1;\nSELECT 'a", 2, "string"),
        ("\nSELECT `a", 2, "quoted identifier"),
        ("\nSELECT [a", 2, "quoted identifier"),
        ("SELECT 1;\n.read x.sql\n", 2, ".read"),
        (".mode\n", 1, ".mode"),
        ("SELECT '\0'", 1, "NUL"),
    ],
)
def test_what_cannot_be_run_is_refused_with_its_line(script: str, line: int, word: str) -> None:
    for read in (parse, lambda raw: list(split(raw))):
        with pytest.raises(ScriptError) as caught:
            read(script.encode())
        assert (caught.value.line, word in caught.value.message) == (line, True)
        assert caught.value.hint


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a; b", [("tx", "a; b")]),
        (
            "a; BEGIN IMMEDIATE TRANSACTION; b; COMMIT TRANSACTION; c",
            [("tx", "a"), ("IMMEDIATE", "; b;"), ("tx", "c")],
        ),
        ("a; BEGIN; b; ROLLBACK; c", [("tx", "a"), ("tx", "; b; (rolled back)"), ("tx", "c")]),
        (
            "BEGIN; a; SAVEPOINT s; ROLLBACK TO s; RELEASE s; END",
            [("tx", "; a; SAVEPOINT s; ROLLBACK TO s; RELEASE s;")],
        ),
        (
            "a; VACUUM; DETACH DATABASE x",
            [("tx", "a"), ("vacuum", "VACUUM"), ("detach", "DETACH DATABASE x")],
        ),
        ("PRAGMA journal_mode = WAL; a", [("pragma", "PRAGMA journal_mode = WAL"), ("tx", "a")]),
        ("PRAGMA main.Page_Size(4096)", [("pragma", "PRAGMA main.Page_Size(4096)")]),
        ("PRAGMA journal_mode; a", [("tx", "PRAGMA journal_mode; a")]),
        ("PRAGMA foreign_keys=OFF; a; PRAGMA foreign_keys=ON; b", [("tx", "; a; ; b")]),
        ("PRAGMA foreign_keys=OFF; BEGIN; a; COMMIT; PRAGMA foreign_keys=ON", [("tx", "; a;")]),
        ("PRAGMA foreign_keys=OFF", []),
        ("BEGIN; VACUUM; COMMIT", [("tx", "; VACUUM;")]),
    ],
)
def test_segments(script: str, expected: list[tuple[str, str]]) -> None:
    assert segments(script) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("PRAGMA foreign_keys=OFF; DROP TABLE t; PRAGMA foreign_keys=ON", {"foreign-keys"}),
        ("PRAGMA main.foreign_keys(0); DELETE FROM t", {"foreign-keys"}),
        ("PRAGMA foreign_keys='off'; DELETE FROM t", {"foreign-keys"}),
        (
            "PRAGMA foreign_keys=OFF; DROP TABLE t; PRAGMA foreign_keys=1; DELETE FROM u",
            {"foreign-keys", "foreign-keys-mixed"},
        ),
        (
            "WITH x AS (SELECT 1) DELETE FROM t; PRAGMA foreign_keys=OFF; DROP TABLE t",
            {"foreign-keys", "foreign-keys-mixed"},
        ),
        ("DROP TABLE t; PRAGMA foreign_keys=OFF", {"foreign-keys", "foreign-keys-mixed"}),
        ("CREATE TABLE t (a); PRAGMA foreign_keys=OFF; DROP TABLE t", {"foreign-keys"}),
        ("PRAGMA foreign_keys=ON; DELETE FROM t", set()),
        ("PRAGMA foreign_keys; DELETE FROM t", set()),
        (
            "BEGIN; PRAGMA foreign_keys=OFF; DELETE FROM t; COMMIT",
            {"own-transaction", "foreign-keys-ignored"},
        ),
        ("PRAGMA defer_foreign_keys=ON; DELETE FROM t", {"defer-foreign-keys"}),
        ("PRAGMA user_version = 3", {"session-set"}),
        ("PRAGMA synchronous = 1", {"session-set"}),
        ("PRAGMA table_info(t); PRAGMA foreign_key_check", set()),
        ("CREATE TEMP TABLE t (a)", {"temp"}),
        ("BEGIN; VACUUM; COMMIT", {"own-transaction", "alone-in-transaction"}),
    ],
)
def test_notes(script: str, expected: set[str]) -> None:
    assert kinds(script) == expected


REBUILD = """PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_User" ("id" INTEGER NOT NULL PRIMARY KEY, "name" TEXT);
INSERT INTO "new_User" ("id") SELECT "id" FROM "User";
DROP TABLE "User";
ALTER TABLE "new_User" RENAME TO "User";
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
"""


def test_rebuild_as_prisma_writes_it_keeps_the_children_when_run_as_told() -> None:
    """The experiment of A1, with our segment: foreign keys off before BEGIN, the script's PRAGMAs blanked."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute('CREATE TABLE "User" ("id" INTEGER NOT NULL PRIMARY KEY)')
    connection.execute('CREATE TABLE c ("u" INTEGER REFERENCES "User" ("id") ON DELETE CASCADE)')
    connection.execute('INSERT INTO "User" VALUES (1)')
    connection.execute("INSERT INTO c VALUES (1), (1), (1)")
    (segment,) = parse(REBUILD.encode()).segments
    sent = bytearray(REBUILD.encode())
    for start, end in segment.blanks:
        sent[start:end] = b" " * (end - start)
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("BEGIN IMMEDIATE")
    for found in split(bytes(sent), segment.start, segment.end):
        connection.execute(sent[found.start : found.end].decode())
    connection.execute("COMMIT")
    assert connection.execute("SELECT count(*) FROM c").fetchone() == (3,)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


FRAGMENTS = (
    *(
        "'a;''b'",
        '"a;"',
        "`;`",
        "[;]",
        "x'3b'",
        "1",
        "a$b",
        "-",
        "/",
        "*",
        "--;'\n",
        "/*;'*/",
        "/*/*;*/",
        "é",
    ),
    *("\r\n", ";", "; ", "(", ")", "SELECT", "END", "CASE", "BEGIN", "TRIGGER"),
)


@settings(max_examples=500, database=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=20))
def test_statements_end_where_the_library_says(parts: list[str]) -> None:
    """`complete_statement` is the library's own opinion on which `;` ends a statement."""
    script = " ".join(parts)
    ends = [found.end for found in split(script.encode())]
    for end in ends[:-1]:
        assert sqlite3.complete_statement(script.encode()[:end].decode() + ";")
    assert len(ends) == _count(script)


def _count(script: str) -> int:
    """Count as the shell does: a statement is complete at the first `;` at which the library says so."""
    count, text = 0, ""
    for letter in script + ";":
        text += letter
        if letter == ";" and sqlite3.complete_statement(text):
            count += bool(texts(text))
            text = ""
    return count
