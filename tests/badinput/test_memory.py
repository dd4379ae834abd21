"""A script of 50 MB in the 256 MiB of a usual init container."""

import sys
from collections.abc import Callable

import pytest

from tests.facts.lab import Ended, Lab

SIZE = 50 << 20
LIMIT = 256  # MiB
# A parent of its own, because the peak of a process includes what it was before it became another program.
LAUNCHER = """import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(status)"""

pytestmark = [pytest.mark.memory, pytest.mark.slow, pytest.mark.timeout(300)]


def measured(lab: Lab, *options: str) -> tuple[Ended, int]:
    """Run it; its peak of resident memory in MiB."""
    ended = lab.run(*options, prefix=[sys.executable, "-I", "-S", "-c", LAUNCHER], limit=200)
    return ended, int(ended.out.split()[-1])


def rows(tail: str = "") -> str:
    """Text of SIZE bytes: many statements of one row each."""
    row = "INSERT INTO t VALUES (1, '" + "x" * 950 + "');\n"
    return "CREATE TABLE t (i int, x text);\n" + row * (SIZE // len(row)) + tail


def one_statement() -> str:
    row = "(1, '" + "x" * 950 + "')"
    return "CREATE TABLE t (i int, x text);\nINSERT INTO t VALUES\n" + ",\n".join([row] * (SIZE // len(row)))


def one_literal(text: str = "x", tail: str = "") -> str:
    """One statement as good as all of it; as everywhere, with words above and below."""
    literal = text * (SIZE // len(text.encode()))
    return f"-- it is big\nCREATE TABLE t (i int, x text);\nINSERT INTO t VALUES (1, '{literal}'){tail};\nSELECT 1;\n"


def own_commit(script: str) -> str:
    return f"BEGIN;\n{script}COMMIT;\nINSERT INTO t VALUES (3, '');"


SHAPES: dict[str, Callable[[], str]] = {
    "many statements": rows,
    "with one emoji": lambda: rows("INSERT INTO t VALUES (2, '😀');"),
    "one statement": one_statement,
    "one statement with one emoji": lambda: one_statement() + ",\n(2, '😀')",
    "one literal": one_literal,
    "one literal in Cyrillic": lambda: one_literal("ж"),
    "one literal of emoji": lambda: one_literal("😀"),
    "own COMMIT": lambda: own_commit(rows()),
    "own COMMIT of one literal": lambda: own_commit(one_literal()),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_script_of_50_mb_fits_the_memory_of_an_init_container(either: Lab, shape: str) -> None:
    either.write("1_big", SHAPES[shape]())
    either.write("2_m", "CREATE TABLE u (x int);")
    ended, peak = measured(either)
    assert ended.status == 0, ended.text[-2000:]
    assert peak < LIMIT


# the first is an integer overflow when it runs, without a place in PostgreSQL's answer
@pytest.mark.parametrize(
    "tail", ["SELECT '😀', abs(-9223372036854775807 - i) FROM t;", "SELEC 1;", "SELECT '😀', nope;"]
)
def test_an_error_at_its_end_costs_no_more(either: Lab, tail: str) -> None:
    either.write("1_big", rows(tail))
    ended, peak = measured(either)
    assert ended.status == 12, ended.text[-2000:]
    assert f"line {rows().count(chr(10)) + 1}" in ended.err
    assert peak < LIMIT


@pytest.mark.parametrize("script", [lambda s: s, own_commit], ids=["plain", "own COMMIT"])
@pytest.mark.parametrize("text", ["x", "😀"])
def test_an_error_in_one_literal_costs_no_more(either: Lab, script: Callable[[str], str], text: str) -> None:
    either.write("1_big", script(one_literal(text, " SELEC 1")))
    ended, peak = measured(either)
    assert ended.status == 12, ended.text[-2000:]
    assert "failed at line" in ended.err
    assert peak < LIMIT


def test_the_header_of_pg_dump_costs_no_more(lab: Lab) -> None:
    header = "SET statement_timeout = 0;\nSET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n"
    header += "SELECT pg_catalog.set_config('search_path', 'public', false);\nSET check_function_bodies = false;\n"
    lab.write("1_dump", header + rows("SELEC 1;"))
    ended, peak = measured(lab)
    assert ended.status == 12, ended.text[-2000:]
    assert peak < LIMIT


def test_two_of_them_one_after_the_other(either: Lab) -> None:
    either.write("1_big", one_literal())
    either.write("2_big", one_literal("ж").replace("CREATE TABLE t ", "CREATE TABLE u "))
    ended, peak = measured(either)
    assert ended.status == 0, ended.text[-2000:]
    assert peak < LIMIT


def test_prisma_with_the_same_script(lab: Lab) -> None:
    lab.write_prisma("20260101000001_big", rows())
    ended, peak = measured(lab)
    assert ended.status == 0, ended.text[-2000:]
    assert peak < LIMIT
