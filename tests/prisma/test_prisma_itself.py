"""What the other tests of this folder take for granted of real Prisma, shown on the same server."""

import pytest

from tests.prisma import folder
from tests.prisma.judge import PRISMA_LOCK_ID, Prisma, Script
from tests.support.database import Database

pytestmark = [pytest.mark.prisma, pytest.mark.timeout(300)]

BAD = "20240101000000_bad"
HALF = 'CREATE TABLE "Left" (id int);\nSELECT 1 / 0;\n'


def test_deploy_and_status(prisma: Prisma) -> None:
    names = folder.write(prisma.migrations, 5)
    pending = prisma.status()
    assert pending.returncode == 1
    assert all(name in pending.stdout for name in names)
    assert prisma.deploy().returncode == 0
    current = prisma.status()
    assert (current.returncode, "Database schema is up to date!" in current.stdout) == (0, True)


def test_p3005_a_schema_that_is_not_empty(prisma: Prisma, database: Database) -> None:
    folder.write(prisma.migrations, 1)
    database.execute("CREATE TABLE customer (id int)")
    done = prisma.deploy()
    assert (done.returncode, "P3005" in done.stderr) == (1, True)


@pytest.mark.parametrize(("script", "left"), [(Script.MESSAGE, False), (Script.STATEMENTS, True)])
def test_p3009_a_failure_stops_every_later_deploy(
    prisma: Prisma, database: Database, script: Script, *, left: bool
) -> None:
    """And in one message nothing of the script remains, statement by statement its first half does."""
    prisma.script = script
    folder.add(prisma.migrations, BAD, HALF)
    first, second = prisma.deploy(), prisma.deploy()
    assert (first.returncode, "division by zero" in first.stderr) == (1, True)
    assert (second.returncode, "P3009" in second.stderr) == (1, True)
    assert database.value("SELECT to_regclass('\"Left\"') IS NOT NULL") is left


def test_status_after_rolled_back_does_not_name_what_deploy_would_do(prisma: Prisma) -> None:
    """A trap: `status` says "up to date" although the migration is pending. So it is no proof alone."""
    folder.add(prisma.migrations, BAD, HALF)
    assert prisma.deploy().returncode == 1
    assert prisma.resolve_rolled_back(BAD).returncode == 0
    assert prisma.status().returncode == 0
    folder.add(prisma.migrations, BAD, 'CREATE TABLE "Left" (id int);\n')
    assert BAD in prisma.deploy().stdout


@pytest.mark.slow
def test_p1002_it_waits_ten_seconds_for_the_lock(prisma: Prisma, database: Database) -> None:
    """And then it is gone, while its session goes on waiting in the server (prisma/orm#12999)."""
    folder.write(prisma.migrations, 1)
    with database.connect() as holder, holder.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock({PRISMA_LOCK_ID})")
        done = prisma.deploy()
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        waiting = cursor.fetchone()
    assert (done.returncode, "P1002" in done.stderr) == (1, True)
    assert waiting == (1,)
