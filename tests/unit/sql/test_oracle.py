"""Random scripts from tricky fragments: our splitter against the server's own scanner and parser (pglast)."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lockmaster.sql.postgres import parse, split
from lockmaster.sql.scan import ScriptError

pglast = pytest.importorskip("pglast")
SETTINGS = settings(max_examples=500, database=None, deadline=None)

# Bits of text that a lexer can stumble over; joined at random they are seldom SQL, yet the scanner reads it.
BITS = (
    *(
        "'a;'",
        "''",
        "'it''s;'",
        "'\\'",
        "E'\\';'",
        "e'a''b;'",
        "E'\\\\'",
        "E",
        "e",
        "B'01'",
        "X'1f'",
        "N'n;'",
        "U&'d;'",
    ),
    *(
        '"a;"',
        '"a""b"',
        'U&"d;"',
        "$$;$$",
        "$a$;$a$",
        "$a$ $$;$$ $a$",
        "$é$;$é$",
        "a$b$c",
        "$1",
        "$",
        "1",
        "1.5",
        "0x1F",
    ),
    *(
        "/* ; */",
        "/*;/*;*/;*/",
        "/**/",
        "/*'*/",
        "--;'\n",
        "--;\r",
        "--\n",
        "-",
        "+",
        "*",
        "/",
        "@",
        "<",
        "::",
        ":=",
        ".",
    ),
    *(
        "\n",
        "\r\n",
        "\t",
        " ",
        "größe",
        "日",
        "END",
        "CASE",
        "BEGIN",
        "ATOMIC",
        "SELECT",
        "x",
        ";",
        ";",
        "(",
        ")",
        ",",
    ),
)
BROKEN = (*BITS, "'", '"', "$$", "$a$", "/*", "*/", "E'", "E'\\", "'\n'")

# Whole statements that hold a `;` or look as if they did.
WHOLE = (
    "SELECT 'a;b', E'\\';', U&'\\0061;' AS \"x;y\", $a$;$$;$a$ -- ;\n",
    "SELECT E'a' \n 'b\\';' /* ; /* '; */ */",
    "SELECT a$b$c, 1 FROM t AS größe WHERE a <-1 /*;*/ OR a @> 2 --;'\n",
    "CREATE FUNCTION f(begin int) RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END",
    "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN\r\nATOMIC SELECT 1 AS end; SELECT t.case FROM t; END",
    "CREATE PROCEDURE p() BEGIN ATOMIC END",
    "CREATE PROCEDURE p() BEGIN ATOMIC; INSERT INTO t VALUES (';'); END",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN 1; END; $f$",
    "CREATE RULE r AS ON INSERT TO t DO INSTEAD (SELECT ';'; DELETE FROM u WHERE (a = 1); SELECT 2)",
    "CREATE SCHEMA s CREATE TABLE t (a int DEFAULT (1)) CREATE VIEW v AS SELECT 1",
    "DO $$ BEGIN; END $$",
    "INSERT INTO t VALUES (1, ';'), (2, E'\\';'), (f(3, '('), $$)$$)",
    "BEGIN ISOLATION LEVEL SERIALIZABLE",
    "COMMIT AND CHAIN",
    "END",
)
GLUE = (";", " ;\n", ";\r\n", ";;", "; -- ;\n", " /* ; */ ;", ";/* /* ; */ */")


def ours(script: str) -> list[tuple[int, int]]:
    """Give the spans in characters, as pglast counts."""
    raw = script.encode()
    return [(len(raw[: found.start].decode()), len(raw[: found.end].decode())) for found in split(raw)]


def scanned(script: str) -> list[tuple[int, int]]:
    """Split the tokens of the server's scanner at each `;` outside parentheses."""
    spans: list[tuple[int, int]] = []
    current: tuple[int, int] | None = None
    depth = 0
    for token in pglast.parser.scan(script):
        if token.name in ("SQL_COMMENT", "C_COMMENT"):
            continue
        text = script[token.start : token.end + 1]
        assume(text != "\\")  # refused by us as psql's; no server takes it either
        depth = max(depth + (text == "(") - (text == ")"), 0)
        if text == ";" and not depth:
            spans += [current] if current else []
            current = None
        else:
            current = (current[0] if current else token.start, token.end + 1)
    return spans + ([current] if current else [])


def scanned_or_error(script: str) -> list[tuple[int, int]] | None:
    """Give None if something in the script does not end; other errors of the scanner are not our matter."""
    try:
        return scanned(script)
    except pglast.parser.ParseError as error:
        assume("unterminated" in str(error))
        return None


def ours_or_error(script: str) -> list[tuple[int, int]] | None:
    try:
        return ours(script)
    except ScriptError:
        return None


@SETTINGS
@given(st.lists(st.sampled_from(BITS), max_size=25))
def test_statements_are_those_of_the_servers_scanner(bits: list[str]) -> None:
    script = "".join(bits)
    expected = scanned_or_error(script)
    assert ours_or_error(script) == expected


@SETTINGS
@given(st.lists(st.sampled_from(BROKEN), max_size=25))
def test_what_does_not_end_is_refused_as_the_servers_scanner_does(bits: list[str]) -> None:
    script = "".join(bits)
    expected = scanned_or_error(script)
    assert ours_or_error(script) == expected


@SETTINGS
@given(st.text(alphabet="aeE'\"$;\\/*-\n (1é", max_size=30))
def test_arbitrary_text_is_read_as_the_server_reads_it(script: str) -> None:
    expected = scanned_or_error(script)
    assert ours_or_error(script) == expected


def joined(parts: list[tuple[str, str]]) -> str:
    return "".join(statement + glue for statement, glue in parts)


PARTS = st.lists(st.tuples(st.sampled_from(WHOLE), st.sampled_from(GLUE)), max_size=8)


def count_property(count: Callable[[str], int]) -> Callable[..., Any]:
    @SETTINGS
    @given(PARTS)
    def check(parts: list[tuple[str, str]]) -> None:
        script = joined(parts)
        assert count(script) == len(parts) == len(pglast.split(script))

    return check


def test_statement_counts_are_those_of_the_servers_parser() -> None:
    count_property(lambda script: len(ours(script)))()


def test_parse_counts_the_same_statements() -> None:
    count_property(lambda script: parse(script.encode()).statements)()


@pytest.mark.parametrize(
    "naive",
    [
        lambda script: sum(1 for part in script.encode().split(b";") if part.strip()),
        lambda script: len(pglast.parser.split(script, with_parser=False)),
    ],
    ids=["split at each semicolon", "the scanner without knowledge of bodies"],
)
def test_property_finds_a_naive_splitter_out(naive: Callable[[str], int]) -> None:
    """A property that everything satisfies proves nothing."""
    with pytest.raises(AssertionError):
        count_property(naive)()


@SETTINGS
@given(PARTS)
def test_statement_texts_parse_alone_to_what_they_are_in_the_script(parts: list[tuple[str, str]]) -> None:
    script = joined(parts)
    raw = script.encode()
    alone = [pglast.parser.parse_sql(raw[found.start : found.end].decode())[0].stmt for found in split(raw)]
    together = [statement.stmt for statement in pglast.parser.parse_sql(script)]
    assert [bare(statement) for statement in alone] == [bare(statement) for statement in together]


def bare(node: Any) -> Any:
    """Give the tree without the positions in the text."""
    if isinstance(node, tuple):
        return [bare(part) for part in node]
    if not isinstance(node, pglast.ast.Node):
        return node
    places = ("location", "stmt_location", "stmt_len", "list_start", "list_end")
    names = [name for name in node.__slots__ if name not in places and not name.endswith("location")]
    return (type(node).__name__, [bare(getattr(node, name)) for name in names])
