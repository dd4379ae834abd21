"""Quoting and time, asked of SQLite itself."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockmaster.databases.sqlite.dialect import SqliteDialect
from lockmaster.errors import UsageError

DIALECT = SqliteDialect()
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(TEXT)
def test_a_literal_is_its_text(text: str) -> None:
    assert _value(f"SELECT {DIALECT.literal(text)}") == text


def test_other_literals() -> None:
    assert DIALECT.literal(None) == "NULL"
    assert DIALECT.literal(-7) == "-7"
    assert _value(f"SELECT {DIALECT.literal('a' + chr(0) + 'b')}") == "a\N{REPLACEMENT CHARACTER}b"


@given(TEXT.filter(bool))
def test_an_identifier_is_its_name(name: str) -> None:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(f"CREATE TABLE t ({DIALECT.identifier(name)})")
        assert connection.execute("SELECT name FROM pragma_table_info('t')").fetchone() == (name,)
    finally:
        connection.close()


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_no_identifier(name: str) -> None:
    with pytest.raises(UsageError):
        DIALECT.identifier(name)


def test_a_temporary_table_does_not_stand_in_front_of_the_history() -> None:
    assert DIALECT.table(None, "h") == '"main"."h"'
    assert DIALECT.table("x", "h") == '"x"."h"'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1700000000123", "2023-11-14T22:13:20.123Z"),  # Prisma's schema engine
        ("'2023-11-14 22:13:20'", "2023-11-14T22:13:20.000Z"),  # current_timestamp
        ("'2023-11-14T22:13:20.123+00:00'", "2023-11-14T22:13:20.123Z"),  # Prisma's driver adapters
        ("'2023-11-15T00:13:20.123+02:00'", "2023-11-14T22:13:20.123Z"),
        ("'2023-11-14T22:13:20.123Z'", "2023-11-14T22:13:20.123Z"),  # ours
        ("'yesterday'", "yesterday"),
        ("NULL", None),
    ],
)
def test_times(value: str, text: str | None) -> None:
    assert _value(f"SELECT {DIALECT.epoch('at')} FROM (SELECT {value} AS at)") == text


def test_now_is_what_epoch_reads() -> None:
    assert _value(f"SELECT {DIALECT.epoch('at')} = at FROM (SELECT {DIALECT.now} AS at)") == 1


def _value(sql: str) -> object:
    connection = sqlite3.connect(":memory:")
    try:
        return connection.execute(sql).fetchone()[0]
    finally:
        connection.close()
