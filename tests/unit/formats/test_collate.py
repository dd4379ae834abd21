"""The order of names is that of JavaScript, which is asked."""

import json
import string
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockmaster.formats import collate
from tests.support.needs import need_program

SORT = (
    "const names = JSON.parse(require('fs').readFileSync(0));"
    "console.log(JSON.stringify(names.sort((a, b) => a.localeCompare(b))))"
)


def node_sorts(names: list[str]) -> list[str]:
    node = need_program("node", "nodejs")
    environment = {"LANG": "en_US.UTF-8", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [node, "-e", SORT], input=json.dumps(names), capture_output=True, text=True, check=True, env=environment
    )
    return list(json.loads(done.stdout))


def test_every_pair_of_ascii_characters() -> None:
    """All of ASCII that a file name can have, alone and inside a name: the whole table."""
    characters = [chr(code) for code in range(1, 128) if chr(code) != "/"]
    names = [a + b + "x" for a in characters for b in characters if a.isprintable() and b.isprintable()]
    assert sorted(names, key=collate.key) == node_sorts(sorted(names))


def test_names_as_people_give_them() -> None:
    names = [
        "20240101120000_init", "20240101120000_Init", "20240101120000_init2", "20240101120000-init",
        "20240101120000_init_users", "20240101120000_initusers", "20240101120000", "2024_init", "0_init", "00_init",
        "1_init", "10_init", "2_init", "9_z", "_draft", "-x", "add_users", "Add_users", "ADD_USERS", "add users",
        "add.users", "addUsers", "zebra", "Zebra", "été", "ete", "Été", "etf", "naïve", "naive_", "ñandu", "nz", "über",
    ]  # fmt: skip
    assert sorted(names, key=collate.key) == node_sorts(names)


_NAMES = st.text(alphabet=string.ascii_letters + string.digits + "_-. éüÑ", min_size=1, max_size=12)


def test_random_names() -> None:
    """Many lists, one process of node: the property is about lists, and a process costs 40 ms."""
    collected: list[str] = []

    @given(st.lists(_NAMES, min_size=20, max_size=60))
    def collect(names: list[str]) -> None:
        collected.extend(names)

    collect()
    names = sorted(set(collected))
    assert sorted(names, key=collate.key) == node_sorts(names)


@given(_NAMES, _NAMES)
def test_compare_agrees_with_the_key(one: str, other: str) -> None:
    expected = (collate.key(one) > collate.key(other)) - (collate.key(one) < collate.key(other))
    assert collate.compare(one, other) == expected
    assert (collate.compare(one, other) == 0) == (one == other)


@pytest.mark.parametrize("pair", [("a", "B"), ("a", "A"), ("_", "-"), ("-", "0"), ("9", "a"), ("ab", "a_b")])
def test_what_byte_order_gets_wrong_or_right(pair: tuple[str, str]) -> None:
    expected = -1 if pair != ("ab", "a_b") else 1
    assert collate.compare(*pair) == expected
