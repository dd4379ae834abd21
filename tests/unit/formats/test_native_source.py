"""The native folder: versions as numbers, repeatables after them, and nothing is skipped in silence."""

from pathlib import Path

import pytest

from lockmaster.errors import UsageError
from lockmaster.formats.native import NativeSource
from tests.unit.formats.conftest import Tree, link


def ids(folder: str) -> list[str]:
    return [migration.id for migration in NativeSource(folder).migrations()]


def test_versions_are_numbers_and_repeatables_come_last(tree: Tree) -> None:
    folder = tree({
        "10_c.sql": "", "9_b.sql": "", "007_a.sql": "", "20240101120000_d.sql": "", "0_first.sql": "",
        "repeatable/views.sql": "", "repeatable/grants.sql": "", "repeatable/.swp.sql": "", "repeatable/README": "",
    })  # fmt: skip
    migrations = NativeSource(folder).migrations()
    assert [m.id for m in migrations] == [
        "0", "7", "9", "10", "20240101120000", "repeatable/grants", "repeatable/views"
    ]  # fmt: skip
    assert [m.label for m in migrations][:2] == ["0_first", "007_a"]
    assert [m.repeatable for m in migrations] == [False] * 5 + [True] * 2
    assert NativeSource(folder).script(migrations[1]) == b""


def test_what_is_no_migration_is_left_alone(tree: Tree) -> None:
    folder = tree({
        "1_a.sql": "", "1_a.down.sql": "", "2_b.down.sql": "", ".hidden.sql": "", "README.md": "", "Dockerfile": "",
        "old/3_c.sql": "", "4_d.sql/": None, "repeatable/views.down.sql": "",
    })  # fmt: skip
    assert ids(folder) == ["1"]


def test_repeatables_alone_will_do(tree: Tree) -> None:
    assert ids(tree({"repeatable/views.sql": ""})) == ["repeatable/views"]


def test_a_mounted_config_map_can_be_read(tree: Tree) -> None:
    folder = tree({"..2026_11_20/1_a.sql": "select 1"})
    link(f"{folder}/..data", "..2026_11_20")
    link(f"{folder}/1_a.sql", "..data/1_a.sql")
    assert ids(folder) == ["1"]


def test_order_of_ids(tree: Tree) -> None:
    source = NativeSource(tree({}))
    assert source.compare("9", "10") < 0 < source.compare("100", "20")
    assert source.compare("7", "7") == 0
    assert source.compare("99999999999999", "repeatable/a") < 0
    assert source.compare("repeatable/a", "repeatable/b") < 0


def test_same_forgives_line_ends(tree: Tree) -> None:
    source = NativeSource(tree({"1_a.sql": "a;\nb;\n"}))
    (migration,) = source.migrations()
    assert source.same(source.checksum(b"a;\r\nb;\r\n"), migration)
    assert not source.same(source.checksum(b"a; b;"), migration)
    Path(migration.path).unlink()
    assert not source.same(source.checksum(b"a;\nb;\n"), migration)


# -- what cannot be used --


@pytest.mark.parametrize("other", ["7_b.sql", "0007_a.sql", "7_a.sql"])
def test_a_version_twice(tree: Tree, other: str) -> None:
    with pytest.raises(UsageError, match="version 7 is there twice") as caught:
        ids(tree({"007_a.sql": "", other: ""}))
    assert "007_a.sql" in caught.value.message
    assert other in caught.value.message


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("init.sql", "<version>_init.sql"),
        ("V1__init.sql", "1_init.sql"),
        ("v2_x.sql", "2_x.sql"),
        ("R__views.sql", "repeatable/views.sql"),
        ("1-init.sql", "1_init.sql"),
        ("1.init.sql", "1_init.sql"),
        ("1init.sql", "1_init.sql"),
        ("1.sql", "1_name.sql"),
        ("1_.sql", "1_name.sql"),
        ("1_init.SQL", "1_init.sql"),
        ("1_init.up.sql", "1_init.sql"),
        ("_1_x.sql", "<version>__1_x.sql"),
        ("\N{ARABIC-INDIC DIGIT ONE}_x.sql", "<version>_"),
    ],
)
def test_a_name_that_does_not_fit(tree: Tree, name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=r"is not named <version>_<name>\.sql") as caught:
        ids(tree({"5_ok.sql": "", name: ""}))
    assert name in caught.value.message
    assert f"rename it to {hint}" in caught.value.hint


def test_a_version_that_no_database_holds(tree: Tree) -> None:
    assert ids(tree({f"{'9' * 18}_a.sql": ""}, "fits")) == ["9" * 18]
    with pytest.raises(UsageError, match="has 19 digits"):
        ids(tree({f"{'9' * 19}_a.sql": ""}))


@pytest.mark.parametrize("content", [{}, {"README": ""}, {"1_a.down.sql": ""}, {"repeatable/": None}])
def test_no_migrations(tree: Tree, content: dict[str, str | bytes | None]) -> None:
    with pytest.raises(UsageError, match="no migrations in "):
        ids(tree(content))


def test_links_that_lead_nowhere(tree: Tree) -> None:
    folder = tree({"1_a.sql": ""})
    link(f"{folder}/2_b.sql", "2_b.sql")
    with pytest.raises(UsageError, match=r"2_b\.sql is a loop of symbolic links"):
        ids(folder)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("-- lockmaster: no-transaction\nselect 1", 1),
        ("\n-- add users\n\n--lockmaster:x", 4),
        ("\ufeff--  Lockmaster: x\nselect 1", 1),
    ],
)
def test_annotations_are_reserved(tree: Tree, text: str, line: int) -> None:
    source = NativeSource(tree({"1_a.sql": text}))
    with pytest.raises(UsageError, match=f":{line}: unknown annotation"):
        source.script(source.migrations()[0])


@pytest.mark.parametrize(
    "text", ["select 1; -- lockmaster: x", "select 1;\n-- lockmaster: x", "-- lockmaster x", "--", ""]
)
def test_other_comments_are_comments(tree: Tree, text: str) -> None:
    source = NativeSource(tree({"1_a.sql": text}))
    assert source.script(source.migrations()[0]) == text.encode()


@pytest.mark.parametrize("mark", ["-- +goose Up", "-- migrate:up", "--migrate:up transaction:false"])
def test_a_file_with_both_directions_is_refused(tree: Tree, mark: str) -> None:
    source = NativeSource(tree({"1_a.sql": f"-- add users\n{mark}\ncreate table a();"}))
    with pytest.raises(UsageError, match=r":2: .*another tool's annotation"):
        source.script(source.migrations()[0])
