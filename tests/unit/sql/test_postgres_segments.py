"""Which parts of a PostgreSQL script are one transaction, and which stand alone."""

from itertools import pairwise

import pytest

from lockmaster.sql.postgres import cut_alone, parse
from lockmaster.sql.scan import Script, ScriptError, Segment
from lockmaster.sql.segments import PART


def show(script: str, parsed: Script | None = None) -> list[str]:
    """Give each segment as it would be sent: blanks overwritten, white space folded."""
    raw = script.encode()
    return [_show(raw, segment) for segment in (parsed or parse(raw)).segments]


def _show(raw: bytes, segment: Segment) -> str:
    sent = bytearray(raw)
    for start, end in segment.blanks:
        assert segment.start <= start < end <= segment.end
        sent[start:end] = b" " * (end - start)
    text = " ".join(sent[segment.start : segment.end].decode().split())
    ends = " (rolled back)" if segment.rolled_back else ""
    return f"{segment.what or segment.modes or 'tx'}: {text}{ends}"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a; b; c", ["tx: a; b; c"]),
        ("BEGIN; a; COMMIT;", ["tx: ; a;"]),
        ("a; BEGIN; b; COMMIT; c", ["tx: a; ; b;", "tx: c"]),
        ("BEGIN; a; END; BEGIN WORK; b; COMMIT TRANSACTION;", ["tx: ; a;", "tx: ; b;"]),
        ("BEGIN; a", ["tx: ; a"]),
        ("BEGIN; BEGIN; a; COMMIT; b", ["tx: ; ; a;", "tx: b"]),
        ("a; COMMIT; b", ["tx: a;", "tx: b"]),
        ("a; ROLLBACK; b", ["tx: a; (rolled back)", "tx: b"]),
        ("BEGIN; a; ABORT WORK", ["tx: ; a; (rolled back)"]),
        (
            "BEGIN; SAVEPOINT s; a; ROLLBACK TO s; ROLLBACK WORK TO SAVEPOINT s; RELEASE s; COMMIT",
            ["tx: ; SAVEPOINT s; a; ROLLBACK TO s; ROLLBACK WORK TO SAVEPOINT s; RELEASE s;"],
        ),
        (
            "START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY; a; COMMIT AND CHAIN; b; ABORT AND NO CHAIN;c",
            [
                "ISOLATION LEVEL SERIALIZABLE, READ ONLY: ; a;",
                "ISOLATION LEVEL SERIALIZABLE, READ ONLY: b; (rolled back)",
                "tx: c",
            ],
        ),
        ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; a", ["ISOLATION LEVEL REPEATABLE READ: ; a"]),
        ("BEGIN; SET LOCAL x = 1; SET TRANSACTION READ ONLY; a", ["READ ONLY: ; SET LOCAL x = 1; ; a"]),
        ("a; SET TRANSACTION READ ONLY", ["tx: a; SET TRANSACTION READ ONLY"]),
        ("SET TRANSACTION SNAPSHOT 'x'; a", ["tx: SET TRANSACTION SNAPSHOT 'x'; a"]),
        ("a; VACUUM; b", ["tx: a", "vacuum: VACUUM", "tx: b"]),
        (
            "a; COMMIT; VACUUM; BEGIN; COMMIT; VACUUM FULL t",
            ["tx: a;", "vacuum: VACUUM", "vacuum: VACUUM FULL t"],
        ),
        ("BEGIN; VACUUM; COMMIT", ["tx: ; VACUUM;"]),
        ("BEGIN; COMMIT; ROLLBACK; SET TRANSACTION READ ONLY", []),
        ("-- nothing", []),
    ],
)
def test_segments(script: str, expected: list[str]) -> None:
    assert show(script) == expected


def test_segment_knows_its_line_and_the_script_its_size() -> None:
    parsed = parse(b"-- x\nBEGIN;\nSELECT 1;\nCOMMIT;\n\nVACUUM;\n")
    assert [segment.line for segment in parsed.segments] == [2, 6]
    assert parsed.statements == 4


@pytest.mark.parametrize(
    ("statement", "what", "table", "name", "if_exists"),
    [
        ("CREATE INDEX CONCURRENTLY i ON t (a)", "create-index-concurrently", ("t",), ("i",), False),
        (
            "create unique index concurrently if not exists I on only S.T using gin (a)",
            "create-index-concurrently",
            ("s", "t"),
            ("i",),
            True,
        ),
        ('CREATE INDEX CONCURRENTLY ON "S"."T""x"(a)', "create-index-concurrently", ("S", 'T"x'), (), False),
        (
            "CREATE INDEX CONCURRENTLY " + "Ä" + "i" * 80 + ' ON U&"d\\0061t\\+000061" (a)',
            "create-index-concurrently",
            ("data",),
            ("Ä" + "i" * 61,),
            False,
        ),
        ("DROP INDEX CONCURRENTLY s.i", "drop-index-concurrently", (), ("s", "i"), False),
        ("DROP INDEX CONCURRENTLY IF EXISTS i CASCADE", "drop-index-concurrently", (), ("i",), True),
        ("REINDEX INDEX CONCURRENTLY i", "reindex", (), ("i",), False),
        ("REINDEX TABLE CONCURRENTLY s.t", "reindex", ("s", "t"), (), False),
        ("REINDEX (VERBOSE, CONCURRENTLY) TABLE t", "reindex", ("t",), (), False),
        ("REINDEX (CONCURRENTLY true) INDEX i", "reindex", (), ("i",), False),
        ("REINDEX SCHEMA s", "reindex", (), (), False),
        ("REINDEX (VERBOSE) DATABASE d", "reindex", (), (), False),
        ("REINDEX SYSTEM d", "reindex", (), (), False),
        ("VACUUM (ANALYZE) t", "vacuum", (), (), False),
        ("CLUSTER", "cluster", (), (), False),
        ("CLUSTER VERBOSE", "cluster", (), (), False),
        ("CLUSTER (VERBOSE)", "cluster", (), (), False),
        ("CREATE DATABASE D", "create-database", (), ("d",), False),
        ('CREATE DATABASE "D" OWNER o', "create-database", (), ("D",), False),
        ("DROP DATABASE IF EXISTS d", "drop-database", (), ("d",), True),
        ("DROP DATABASE IF", "drop-database", (), ("if",), False),
        ("DROP DATABASE d WITH (FORCE)", "drop-database", (), ("d",), False),
        ("ALTER DATABASE d SET TABLESPACE x", "alter-database", (), ("d",), False),
        ("CREATE TABLESPACE x LOCATION '/x'", "create-tablespace", (), ("x",), False),
        ("DROP TABLESPACE if exists x", "drop-tablespace", (), ("x",), True),
        ("ALTER SYSTEM SET work_mem = '1MB'", "alter-system", (), (), False),
        (
            "ALTER TABLE IF EXISTS ONLY a.b * DETACH PARTITION c.d CONCURRENTLY",
            "detach-concurrently",
            ("a", "b"),
            ("c", "d"),
            True,
        ),
        ("DISCARD ALL", "discard-all", (), (), False),
        ("CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", "create-subscription", (), ("s",), False),
        ("DROP SUBSCRIPTION IF EXISTS s CASCADE", "drop-subscription", (), ("s",), True),
        ("ALTER SUBSCRIPTION s REFRESH PUBLICATION", "alter-subscription", (), ("s",), False),
        ("ALTER SUBSCRIPTION s ADD PUBLICATION p", "alter-subscription", (), ("s",), False),
        ("COMMIT PREPARED 'x'", "commit-prepared", (), (), False),
        ("ROLLBACK PREPARED 'x'", "commit-prepared", (), (), False),
    ],
)
def test_statement_that_refuses_a_transaction_stands_alone(
    statement: str,
    what: str,
    table: tuple[str, ...],
    name: tuple[str, ...],
    if_exists: bool,  # noqa: FBT001
) -> None:
    raw = f"SELECT 1; {statement};".encode()
    segment = parse(raw).segments[1]
    assert raw[segment.start : segment.end].decode() == statement
    assert (segment.kind, segment.what) == ("alone", what)
    assert (segment.table, segment.name, segment.if_exists) == (table, name, if_exists)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX i ON t (a)",
        'CREATE INDEX "concurrently" ON t (a)',
        "DROP INDEX i",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
        "ANALYZE",
        "CLUSTER t USING i",
        "CLUSTER VERBOSE t",
        "REINDEX TABLE t",
        "REINDEX (CONCURRENTLY false) TABLE t",
        "DISCARD TEMP",
        "DISCARD PLANS",
        "CHECKPOINT",
        "LOAD 'x'",
        "ALTER TYPE e ADD VALUE 'x'",
        "ALTER DATABASE d SET work_mem = '1MB'",
        "ALTER TABLE t DETACH PARTITION p",
        "ALTER TABLE t DETACH PARTITION p FINALIZE",
        "ALTER TABLE t ADD COLUMN concurrently_done bool",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false)",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (a = 1, b = 2, c = 3, create_slot = off)",
        "ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)",
        "ALTER SUBSCRIPTION s DISABLE",
        "CALL p()",
        "DO $$ BEGIN COMMIT; END $$",
    ],
)
def test_harmless_statement_stays_in_the_transaction(statement: str) -> None:
    assert [segment.kind for segment in parse(f"SELECT 1; {statement}; SELECT 2".encode()).segments] == ["transaction"]


def test_alone_in_the_scripts_own_transaction_is_left_to_its_author() -> None:
    parsed = parse(b"BEGIN;\nCREATE INDEX CONCURRENTLY i ON t (a);\nCOMMIT;")
    assert [segment.kind for segment in parsed.segments] == ["transaction"]
    assert ("alone-in-transaction", 2) in [(note.kind, note.line) for note in parsed.notes]


# -- the net: a server refused a statement that the list does not know --


def test_cut_alone_cuts_around_the_statement_at_the_offset() -> None:
    script = "SELECT 1; VACUUM; a; CALL p(); b; DO $$ $$; c"
    parsed = parse(script.encode())
    for offset in (script.index("CALL"), script.index("()")):
        assert show(script, cut_alone(script.encode(), parsed, offset)) == [
            "tx: SELECT 1",
            "vacuum: VACUUM",
            "tx: a",
            "call: CALL p()",
            "tx: b; DO $$ $$; c",
        ]


def test_cut_alone_keeps_earlier_cuts() -> None:
    script = "CALL p(); REINDEX TABLE parted; b"
    once = cut_alone(script.encode(), parse(script.encode()), 0)
    twice = cut_alone(script.encode(), once, script.index("REINDEX"))
    assert show(script, twice) == ["call: CALL p()", "reindex: REINDEX TABLE parted", "tx: b"]
    assert twice.statements == 3


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("CLUSTER t", "cluster"),
        ("ALTER SUBSCRIPTION s DISABLE", "alter-subscription"),
        ("INSERT INTO t SELECT f()", "insert"),
        ("(SELECT f())", "("),
    ],
)
def test_cut_alone_names_the_kind(statement: str, what: str) -> None:
    raw = statement.encode()
    assert cut_alone(raw, parse(raw), 0).segments[0].what == what


def test_cut_alone_inside_the_scripts_own_transaction_is_refused() -> None:
    script = b"BEGIN;\nCALL p();\nCOMMIT;"
    with pytest.raises(ScriptError) as caught:
        cut_alone(script, parse(script), script.index(b"CALL"))
    assert caught.value.line == 2


# -- parts of a big one --


def test_a_big_segment_has_parts_that_begin_with_a_statement() -> None:
    row = b"INSERT INTO t VALUES ('" + b"x" * 1000 + b"');\n"
    script = b"-- on top\nBEGIN;\n" + row * 20_000 + b"COMMIT;\nSELECT 1;"
    big, small = parse(script).segments
    edges = [big.start, *big.parts, big.end]
    assert len(edges) == 5
    assert all(PART <= end - start < 2 * PART for start, end in pairwise(edges))
    assert all(script.startswith(b"INSERT", start) for start in big.parts)
    assert small.parts == ()


@pytest.mark.parametrize(
    "script",
    [
        b"SELECT 1;\n" * 300_000,
        b"SELECT 1; SELECT '" + b"x" * (5 * PART) + b"'; SELECT 2",
        (b"SELECT '" + b"x" * (PART + PART // 2) + b"';\nVACUUM;\n") * 3,
    ],
    ids=["smaller than two", "one statement", "small segments"],
)
def test_no_parts(script: bytes) -> None:
    assert all(segment.parts == () for segment in parse(script).segments)
