"""Checksums are Prisma's (FIELD 1.5)."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockmaster.formats import digest, native_history


def test_the_vector_of_prismas_own_tests() -> None:
    assert digest.checksum(b"hello") == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


@given(st.binary())
def test_it_is_sha256(data: bytes) -> None:
    assert digest.sha256(data) == hashlib.sha256(data).digest()


# The pairs of schema-connector/src/checksum.rs.
MIXED = [b"ab\ncd\nef\ngh\rab", b"ab\r\ncd\r\nef\r\ngh\rab"]


@pytest.mark.parametrize("stored", MIXED)
@pytest.mark.parametrize("script", MIXED)
def test_line_ends_do_not_matter(stored: bytes, script: bytes) -> None:
    assert digest.same(digest.checksum(stored), script)


@pytest.mark.parametrize(("stored", "script"), [(b"abcd", b"abc"), (b"abc", b"abc\n"), (b"a\rb", b"a\nb")])
def test_everything_else_does(stored: bytes, script: bytes) -> None:
    assert not digest.same(digest.checksum(stored), script)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_rendering_of_old_engines(ends: str) -> None:
    """`{:x}` per byte, without the leading zero: accepted when the stored text is not 64 long."""
    script = b"select 1;\nselect 2;\n"
    old = "".join(f"{byte:x}" for byte in hashlib.sha256(script).digest())
    assert len(old) < 64
    assert digest.same(old, script.decode().replace("\n", ends).encode())
    assert not digest.same(old[:-1], script)


def test_nothing_stored_is_no_match() -> None:
    assert not digest.same("", b"select 1")


def test_a_byte_order_mark_counts() -> None:
    assert not digest.same(digest.checksum(b"\xef\xbb\xbfselect 1"), b"select 1")


@pytest.mark.parametrize(
    ("schema", "lock"), [("public", 8797427540306348812), ("main", 8940794452873570280), ("tenant", None)]
)
def test_lock_ids_never_change(schema: str, lock: int | None) -> None:
    raw = hashlib.sha256(f"{schema}.lockmaster_history".encode()).digest()
    expected = int.from_bytes(raw[:8], "big") & (2**63 - 1)
    assert native_history.lock_id(schema) == expected
    assert lock in (None, expected)
