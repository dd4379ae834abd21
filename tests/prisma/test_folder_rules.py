"""Which directories are migrations, and in what order: as Prisma says, whatever their names."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.prisma import folder
from tests.prisma.judge import Prisma
from tests.prisma.ours import Lockmaster
from tests.prisma.test_judge import said
from tests.support.database import Database

pytestmark = [pytest.mark.prisma, pytest.mark.timeout(300), pytest.mark.usefixtures("real_prisma")]

NAMES = (
    "20240101000000_init", "20240101000000_Init2", "20240101000000-init", "20240101000000 init",
    "1_a", "2_a", "10_a", "01_b", "0_c", "a", "A", "b", "B", "ab", "aB", "Ab", "a_b", "a-b", "a b", "a.b",
    "a+b", "_lead", "-lead", ".hidden", "é", "e", "f", "ä", "z", "Z", "ss", "ö", "o", "ñ", "n",
    "x'y", 'x"y', "x,y", "x;y", "x(y)", "x@y", "x#y", "x$y", "x%y", "x&y", "x=y", "x~y", "x^y",
)  # fmt: skip


@pytest.fixture
def both(tmp_path: Path, make_database: Callable[..., Database]) -> tuple[Prisma, Database, Database]:
    """Give a project, Prisma's database and ours, each with a log outside `public`."""
    theirs, ours = make_database(), make_database()
    for database in (theirs, ours):
        database.execute("CREATE SCHEMA log; CREATE TABLE log.line (n serial, text text)")
    return Prisma(tmp_path / "project", theirs.url), theirs, ours


def lines(database: Database) -> list[str]:
    return [row[0] for row in database.rows("SELECT text FROM log.line ORDER BY n")]


def write_named(migrations: Path, name: str) -> None:
    quoted = name.replace("'", "''")
    folder.add(migrations, name, f"INSERT INTO log.line (text) VALUES ('{quoted}');\n")


def test_the_order_is_prismas(both: tuple[Prisma, Database, Database]) -> None:
    prisma, theirs, ours = both
    for name in NAMES:
        write_named(prisma.migrations, name)
    for done in (prisma.deploy(), Lockmaster(prisma.migrations, ours.url).migrate()):
        assert done.returncode == 0, said(done)
    assert sorted(lines(theirs)) == sorted(NAMES)
    assert lines(ours) == lines(theirs)


def test_what_is_no_migration_is_none_for_either(both: tuple[Prisma, Database, Database]) -> None:
    prisma, theirs, ours = both
    write_named(prisma.migrations, "1_real")
    (prisma.migrations / "README.md").write_text("not one")
    (prisma.migrations / "notes.sql").write_text("SELECT 1 / 0;")
    (prisma.migrations / "3_link").symlink_to(prisma.migrations / "1_real")
    folder.add(prisma.migrations / "1_real", "nested", "SELECT 1 / 0;")
    for done in (prisma.deploy(), Lockmaster(prisma.migrations, ours.url).migrate()):
        assert done.returncode == 0, said(done)
    assert lines(ours) == lines(theirs) == ["1_real"]


def test_a_directory_without_a_script_stops_both(both: tuple[Prisma, Database, Database]) -> None:
    prisma, _, ours = both
    write_named(prisma.migrations, "1_real")
    (prisma.migrations / "2_empty").mkdir()
    judgement, done = prisma.deploy(), Lockmaster(prisma.migrations, ours.url).migrate()
    assert "P3015" in judgement.stderr, said(judgement)
    assert done.returncode == 2, said(done)


@pytest.mark.parametrize("lock_file", ['provider = "postgresql"\n', "", 'provider = "mysql"\n', None])
def test_the_lock_file_is_read_alike(both: tuple[Prisma, Database, Database], lock_file: str | None) -> None:
    prisma, _, ours = both
    write_named(prisma.migrations, "1_real")
    if lock_file is not None:
        (prisma.migrations / "migration_lock.toml").write_text(lock_file)
    judgement, done = prisma.deploy(), Lockmaster(prisma.migrations, ours.url).migrate()
    assert (done.returncode == 0) == (judgement.returncode == 0), f"{said(judgement)}\n{said(done)}"


@pytest.mark.parametrize("parameters", ["schema=public", "schema=public&connection_limit=1&pool_timeout=5"])
def test_prismas_url_is_understood(both: tuple[Prisma, Database, Database], parameters: str) -> None:
    prisma, theirs, _ = both
    write_named(prisma.migrations, "1_real")
    prisma.url = f"{theirs.url}?{parameters}"
    assert prisma.deploy().returncode == 0
    done = Lockmaster(prisma.migrations, prisma.url).check()
    assert done.returncode == 0, said(done)
