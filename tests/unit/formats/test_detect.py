"""Which layout it is; and where that is not certain, what was seen."""

from pathlib import Path

import pytest

from lockmaster.errors import UsageError
from lockmaster.formats.detect import detect
from tests.unit.formats.conftest import Tree

NATIVE: dict[str, str | bytes | None] = {"0001_a.sql": "create table a();"}
PRISMA: dict[str, str | bytes | None] = {"20240101_a/migration.sql": "", "migration_lock.toml": ""}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (NATIVE, "native"),
        ({"repeatable/views.sql": ""}, "native"),
        ({**NATIVE, "0001_a.down.sql": "", "README.md": "", "old/": None}, "native"),
        ({"init.sql": ""}, "native"),  # so that the native format names the file and says how to rename it
        (PRISMA, "prisma"),
        ({"20240101_a/migration.sql": "", "seed.sql": ""}, "prisma"),
        ({"migration_lock.toml": ""}, "prisma"),
    ],
)
def test_ours(tree: Tree, content: dict[str, str | bytes | None], expected: str) -> None:
    assert detect(tree(content)) == expected


@pytest.mark.parametrize(
    ("content", "tool"),
    [
        ({"V1__init.sql": ""}, "flyway (V1__init.sql)"),
        ({"R__views.sql": ""}, "flyway"),
        ({"000001_init.up.sql": "", "000001_init.down.sql": ""}, "golang-migrate (000001_init.up.sql)"),
        ({"00001_init.sql": "-- +goose Up\ncreate table a();"}, "goose (00001_init.sql)"),
        ({"20240101_init.sql": "-- migrate:up\n"}, "dbmate (20240101_init.sql)"),
        ({"env.py": "", "versions/": None}, "alembic (env.py)"),
        ({"0001_initial.py": "", "__init__.py": ""}, "django"),
        ({"20240101_create_users.rb": ""}, "rails"),
        ({"20240101_create_users.js": ""}, "a JavaScript tool"),
        ({"0000_x/up.sql": "", "0000_x/down.sql": ""}, "diesel (0000_x/up.sql)"),
        ({"1_a.sql": "--liquibase formatted sql\n"}, "liquibase"),
    ],
)
def test_others_are_named(tree: Tree, content: dict[str, str | bytes | None], tool: str) -> None:
    with pytest.raises(UsageError, match="which this version does not run yet") as caught:
        detect(tree(content))
    assert tool in caught.value.message
    assert "native" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "traces"),
    [
        ({**NATIVE, **PRISMA}, ["native (0001_a.sql)", "prisma (20240101_a/migration.sql)"]),
        ({**NATIVE, "V2__b.sql": ""}, ["native (0001_a.sql)", "flyway (V2__b.sql)"]),
        ({**NATIVE, "atlas.sum": ""}, ["native", "atlas (atlas.sum)"]),
        ({**NATIVE, "meta/_journal.json": ""}, ["native", "drizzle (meta/_journal.json)"]),
    ],
)
def test_several_are_listed(tree: Tree, content: dict[str, str | bytes | None], traces: list[str]) -> None:
    with pytest.raises(UsageError, match="cannot tell the format") as caught:
        detect(tree(content))
    assert all(trace in caught.value.message for trace in traces)
    assert "--format native" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "near"),
    [({"migrations/": None}, "/migrations?"), ({"prisma/migrations/": None}, "/prisma/migrations?")],
)
def test_one_floor_too_high(tree: Tree, content: dict[str, str | bytes | None], near: str) -> None:
    with pytest.raises(UsageError, match="no migrations in") as caught:
        detect(tree(content))
    assert caught.value.hint.endswith(near)


def test_nothing_recognisable(tree: Tree) -> None:
    with pytest.raises(UsageError, match=r"it has README, a, b, c, d, \.\.\."):
        detect(tree(dict.fromkeys(["README", "a", "b", "c", "d", "e"], "")))
    with pytest.raises(UsageError, match="it is empty"):
        detect(tree({}, "empty"))
    with pytest.raises(UsageError, match="does not exist"):
        detect("/nowhere/at/all")


def test_what_is_wanted_is_believed(tree: Tree) -> None:
    assert detect(tree(PRISMA), "native") == "native"
    assert detect("/nowhere", "prisma") == "prisma"
    with pytest.raises(UsageError, match="unknown format 'flyway'"):
        detect(tree(PRISMA), "flyway")


def test_a_stray_script_beside_prismas_lock_file_does_not_confuse(tmp_path: Path) -> None:
    """Prisma ignores what is no directory, so a team with a seed.ts there can switch without an option."""
    (tmp_path / "migration_lock.toml").write_text('provider = "postgresql"\n')
    (tmp_path / "20260101000000_init").mkdir()
    (tmp_path / "20260101000000_init" / "migration.sql").write_text("SELECT 1;")
    (tmp_path / "seed.ts").write_text("export {}")
    assert detect(str(tmp_path)) == "prisma"
