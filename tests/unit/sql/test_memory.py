"""A big script is scanned in a few megabytes beside itself; memory is asserted, time never."""

import subprocess
import sys
import tracemalloc

import pytest

from lockmaster.sql import postgres, sqlite

SIZE = 50_000_000
EXTRA = 20  # MiB that scanning may take beside the script

# The regex engine's own memory is not Python's: a process of its own, and the kernel's word for it.
CHILD = """
import resource, sys
from lockmaster.sql import postgres, sqlite
unit, tail = sys.argv[1].encode(), sys.argv[2].encode()
dialect = {"postgres": postgres, "sqlite": sqlite}[sys.argv[3]]
script = unit * (%d // len(unit)) + tail
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = dialect.parse(script).statements
assert sum(1 for _ in dialect.split(script)) == count
print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.memory
@pytest.mark.parametrize("dialect", ["postgres", "sqlite"])
@pytest.mark.parametrize(
    ("unit", "tail", "statements"),
    [
        ("INSERT INTO accounts (id, name) VALUES (12345, 'a;name', f('x@example.com'));\n" * 4, "", None),
        (", (1, 'abc', 'it''s;', now(), 3.5e10)\n", ";", 1),
        ("abc ", "", 1),
        ("-- a comment; with 'quotes\n", "SELECT 1", 1),
        ("((((", "", 1),
        ("'x' ", "", 1),
        ("\n", "", 0),
    ],
    ids=["statements", "one INSERT", "words", "comments", "parentheses", "strings", "nothing"],
)
def test_50_mb_fit_beside_the_script(unit: str, tail: str, statements: int | None, dialect: str) -> None:
    size = SIZE // 10 if unit == "((((" else SIZE  # one step of Python each: as slow as it gets
    done = subprocess.run(
        [sys.executable, "-c", CHILD % size, unit, tail, dialect], capture_output=True, text=True, check=True
    )
    count, extra = map(int, done.stdout.split())
    assert statements is None or count == statements
    assert extra < EXTRA


@pytest.mark.memory
def test_long_literal_is_never_copied() -> None:
    script = (
        b"SELECT '"
        + b"x" * SIZE
        + b"', $$"
        + b"y" * SIZE
        + b"$$; CREATE TABLE t (a text DEFAULT '"
        + b"z" * SIZE
        + b"')"
    )
    tracemalloc.start()
    for dialect in (postgres, sqlite):
        parsed = dialect.parse(script)
        assert parsed.statements == len(list(dialect.split(script))) == 2
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_generator_keeps_no_statement() -> None:
    script = b"SELECT 1;\n" * 50_000
    tracemalloc.start()
    assert sum(1 for _ in postgres.split(script)) == 50_000
    assert len(postgres.parse(script).segments) == 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
