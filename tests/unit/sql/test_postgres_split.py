"""Where a statement ends: PostgreSQL's lexical rules, one line each."""

import pytest

from lockmaster.sql.postgres import parse, split
from lockmaster.sql.scan import ScriptError, Statement


def texts(script: bytes | str) -> list[str]:
    raw = script.encode() if isinstance(script, str) else script
    return [raw[found.start : found.end].decode() for found in split(raw)]


@pytest.mark.parametrize(
    "one",
    [
        "SELECT 'a;b'",
        "SELECT 'it''s;'",
        r"SELECT '\'",
        r"SELECT E'\';'",
        r"SELECT e'a''\\'",
        "SELECT E'a'\n'b\\';'",
        "SELECT E'a' -- c ; '\n'b\\';'",
        "SELECT E'a'\n-- c '\n\t'b\\';'",
        "SELECT B'1', X'1F', N'n;', U&'\\0061;'",
        'SELECT 1 AS "a;""b", 2 AS U&"d\\0061;"',
        "SELECT $$;$$",
        "SELECT $a$ ; $$ ; $b$ ; $a$",
        "SELECT $é$;$é$",
        "SELECT $$a$b$;$$",
        "SELECT 1 /* ; /* ; */ ; */ + 1",
        "SELECT 1 /* '; */ + 1",
        "SELECT 1 -- ; '\n+ 1",
        "SELECT 1 -- ; '\r+ 1",
        "SELECT 4 */* ; */ 2",
        "SELECT 4 +-- ;\n 2",
        "SELECT 4 - -2 / 1 @- 1",
        'SELECT größe, 日本 FROM "tä;ble"',
        "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT ';'; DELETE FROM u)",
        "CREATE SCHEMA s CREATE TABLE t (a int) CREATE VIEW v AS SELECT a FROM t",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END",
        "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN /* x */ ATOMIC SELECT 1 AS end; SELECT 2 end; END",
        "create procedure p() begin atomic end",
        "CREATE FUNCTION f(begin atomic) RETURNS int LANGUAGE sql RETURN 1",
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN 1; END; $f$",
        "CREATE FUNCTION f() RETURNS int AS 'BEGIN RETURN 1; END;' LANGUAGE plpgsql",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; -- END\n/* END */ SELECT (SELECT 2); end",
    ],
)
def test_statement_that_looks_like_two_is_one(one: str) -> None:
    assert texts(f"{one};\n{one} ; SELECT 9") == [one, one, "SELECT 9"]
    assert texts(one) == [one]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("SELECT a$b$c; SELECT d$b$c", ["SELECT a$b$c", "SELECT d$b$c"]),
        ("SELECT $1; SELECT $1$$;$$", ["SELECT $1", "SELECT $1$$;$$"]),
        ("SELECT 1$$;$$", ["SELECT 1$$;$$"]),
        ("SELECT 1_000$$;$$", ["SELECT 1_000$$;$$"]),
        ("SELECT xe'\\'; SELECT 2", ["SELECT xe'\\'", "SELECT 2"]),
        ("SELECT 'a'\n'b\\'; SELECT 2", ["SELECT 'a'\n'b\\'", "SELECT 2"]),
        ("SELECT $$a$$E'\\';'; SELECT 2", ["SELECT $$a$$E'\\';'", "SELECT 2"]),
        (";; ;\n-- a\n/* b; */ ; SELECT 1 ;;", ["SELECT 1"]),
        ("SELECT 1 -- no newline; at the end", ["SELECT 1"]),
        ("SELECT 1 /* a */ -- b\n /* c */ ; SELECT 2 /* d */", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1;\r\nSELECT 2;\r\n", ["SELECT 1", "SELECT 2"]),
        ("SELECT ')'; SELECT (1)) ; SELECT 2", ["SELECT ')'", "SELECT (1))", "SELECT 2"]),
        ("BEGIN; SELECT 1; END; SELECT 2", ["BEGIN", "SELECT 1", "END", "SELECT 2"]),
        ("", []),
        ("-- nothing\n/* at all */", []),
    ],
)
def test_split(script: str, expected: list[str]) -> None:
    assert texts(script) == expected


def test_statement_knows_its_place_and_its_first_words() -> None:
    script = b'\xef\xbb\xbf-- one\n\n  create /* x */ TABLE "Tab"."le" (\n a int);\n'
    script += b"select $$a$$, 'It', b<=c::d\n"
    assert list(split(script)) == [
        Statement(13, 54, 3, ("CREATE", "TABLE", '"Tab"', ".", '"le"', "(", "A", "INT", ")")),
        Statement(56, 83, 5, ("SELECT", "$$a$$", ",", "'It'", ",", "B", "<=", "C", "::", "D")),
    ]


def test_part_of_a_script_keeps_offsets_and_lines() -> None:
    script = b"SELECT 1;\nSELECT 2;\nSELECT 3;"
    assert [(found.start, found.end, found.line) for found in split(script, 10, 19)] == [(10, 18, 2)]


def test_words_are_at_most_twelve_and_short() -> None:
    (found,) = split(b"SELECT '" + b"x" * 100_000 + b"'" + b", 1" * 50)
    assert len(found.words) == 12
    assert len(found.words[1]) <= 200


@pytest.mark.parametrize(
    ("script", "line", "word"),
    [
        ("SELECT 1;\nSELECT 'a''b\n\n;", 2, "string"),
        ("SELECT 1;\nSELECT E'a\\';\n", 2, "string"),
        ("\n\nSELECT e'\\", 3, "string"),
        ('\nSELECT "a;\n', 2, "quoted identifier"),
        ("\nSELECT $a$ ; $b$ ;\n", 2, "$a$"),
        ("SELECT 1; \n/* a /* b */ \n", 2, "comment"),
        ("SELECT 1 \n/* a", 2, "comment"),
        ("SELECT (1\n, ('a", 2, "string"),
        ("SELECT 1,\nE'a'\n'\\'", 2, "string"),
    ],
)
def test_what_does_not_end_is_refused_with_the_line_where_it_began(script: str, line: int, word: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse(script.encode())
    assert caught.value.line == line
    assert word in caught.value.message
    with pytest.raises(ScriptError):
        list(split(script.encode()))


@pytest.mark.parametrize(
    ("script", "line", "word"),
    [
        ("SELECT 1;\n\\connect app\n", 2, "\\connect"),
        ("\\restrict abc\n", 1, "\\restrict"),
        ("SELECT 1 \\gexec\n", 1, "\\gexec"),
        ("COPY t (a) FROM stdin;\n1\n\\.\n", 1, "COPY FROM STDIN"),
        ("SELECT 1;\nCOPY (SELECT 1) TO STDOUT", 2, "COPY TO STDOUT"),
        ("COPY t (" + "a, " * 1599 + "b) FROM STDIN", 1, "COPY FROM STDIN"),
        ("BEGIN;\nPREPARE TRANSACTION 'x'", 2, "PREPARE TRANSACTION"),
        ("SELECT 1;\nSELECT '\0'", 2, "NUL"),
    ],
)
def test_what_no_server_can_be_sent_is_refused_with_a_hint(script: str, line: int, word: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse(script.encode())
    assert (caught.value.line, word in caught.value.message) == (line, True)
    assert caught.value.hint


@pytest.mark.parametrize("script", ["COPY t FROM '/tmp/stdin'", "COPY t TO PROGRAM 'STDOUT'", "SELECT E'\\\\connect'"])
def test_what_only_looks_like_it_is_not_refused(script: str) -> None:
    assert parse(script.encode()).statements == 1
