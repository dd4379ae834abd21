"""Real Prisma says whether what Lockmaster left is its own, and Lockmaster whether what Prisma left is.

Each test runs both command lines as processes on one real server. The words of Prisma that are compared are
those of the version in package-lock.json.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.prisma import folder
from tests.prisma.judge import PRISMA_LOCK_ID, Prisma, Script
from tests.prisma.ours import Lockmaster
from tests.support.database import Database

pytestmark = [pytest.mark.prisma, pytest.mark.timeout(300)]

UP_TO_DATE = "Database schema is up to date!"
NOTHING_PENDING = "No pending migrations to apply."
ALL = 18  # two rounds of every kind that folder.py knows
HALF = 9
NAME = "20240101000000_one"
Done = subprocess.CompletedProcess[str]


def said(done: Done) -> str:
    """Everything that a command printed, for the message of a failed assert as well."""
    return f"exit {done.returncode}\n{done.stdout}{done.stderr or ''}"


def assert_both_content(prisma: Prisma, lockmaster: Lockmaster) -> None:
    """Nothing is pending for either, and neither does anything when asked to migrate."""
    status, deploy = prisma.status(), prisma.deploy()
    assert (status.returncode, UP_TO_DATE in status.stdout) == (0, True), said(status)
    assert (deploy.returncode, NOTHING_PENDING in deploy.stdout) == (0, True), said(deploy)
    check, migrate = lockmaster.check(), lockmaster.migrate()
    assert check.returncode == 0, said(check)
    assert migrate.returncode == 0, said(migrate)


def history(database: Database) -> list[tuple[object, ...]]:
    """The rows of Prisma's table; of ids and times, which must differ, only whether they are in order."""
    return database.rows(
        "SELECT migration_name, checksum, applied_steps_count, logs, length(id), finished_at IS NULL,"
        " rolled_back_at IS NULL, started_at <= coalesce(finished_at, started_at)"
        " FROM _prisma_migrations ORDER BY started_at, migration_name"
    )


def fingerprint(database: Database) -> list[tuple[object, ...]]:
    """Each row of the table with its place and its writing transaction: any write at all changes it."""
    return database.rows("SELECT ctid, xmin, m FROM _prisma_migrations m ORDER BY ctid")


def assert_each_once(database: Database, names: list[str]) -> None:
    applied = "SELECT migration_name FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at"
    assert [row[0] for row in database.rows(applied)] == names
    assert database.value("SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NULL") == 0


# -- a folder applied by one is current for the other --


def test_applied_by_lockmaster_is_up_to_date_for_prisma(prisma: Prisma, lockmaster: Lockmaster) -> None:
    folder.write(prisma.migrations, ALL)
    done = lockmaster.migrate()
    assert done.returncode == 0, said(done)
    assert_both_content(prisma, lockmaster)


def test_applied_by_prisma_is_current_for_lockmaster(
    prisma: Prisma, lockmaster: Lockmaster, database: Database
) -> None:
    folder.write(prisma.migrations, ALL)
    assert prisma.deploy().returncode == 0
    before = fingerprint(database)
    assert_both_content(prisma, lockmaster)
    assert fingerprint(database) == before


def test_what_prisma_applied_needs_no_right_to_write(
    prisma: Prisma, lockmaster: Lockmaster, database: Database
) -> None:
    folder.write(prisma.migrations, HALF)
    assert prisma.deploy().returncode == 0
    user, password = database.server.create_role()
    database.execute(f"GRANT SELECT ON _prisma_migrations TO {user}")
    done = lockmaster.migrate(url=database.url_for(user, password))
    database.execute(f"DROP OWNED BY {user}")
    assert done.returncode == 0, said(done)


@pytest.mark.parametrize("first", ["prisma", "lockmaster"])
def test_half_and_half(prisma: Prisma, lockmaster: Lockmaster, database: Database, first: str) -> None:
    one, other = prisma.deploy, lockmaster.migrate
    if first == "lockmaster":
        one, other = other, one
    for run, count in ((one, HALF), (other, ALL)):
        folder.write(prisma.migrations, count)
        done = run()
        assert done.returncode == 0, said(done)
    assert_both_content(prisma, lockmaster)
    assert_each_once(database, folder.names(ALL))


def test_they_take_turns_one_by_one(prisma: Prisma, lockmaster: Lockmaster, database: Database) -> None:
    for count in range(1, 8):
        folder.write(prisma.migrations, count)
        done = (lockmaster.migrate if count % 2 else prisma.deploy)()
        assert done.returncode == 0, said(done)
    assert_each_once(database, folder.names(7))
    assert_both_content(prisma, lockmaster)


# -- the same database comes of it --


@pytest.mark.usefixtures("real_prisma")
def test_the_dump_is_the_same(tmp_path: Path, make_database: Callable[..., Database]) -> None:
    theirs, ours = make_database(), make_database()
    prisma = Prisma(tmp_path / "project", theirs.url)
    folder.write(prisma.migrations, ALL)
    for done in (prisma.deploy(), Lockmaster(prisma.migrations, ours.url).migrate()):
        assert done.returncode == 0, said(done)
    assert ours.dump("--schema-only") == theirs.dump("--schema-only")
    assert masked_data(ours) == masked_data(theirs)
    assert history(ours) == history(theirs)


def masked_data(database: Database) -> list[str]:
    """The rows of all tables as pg_dump writes them: ids and times masked, sorted (an UPDATE moves a row)."""
    text = database.dump("--data-only")
    text = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uuid>", text)
    return sorted(re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?(\+\d\d)?", "<time>", text).splitlines())


@pytest.mark.parametrize("verb", ["resolve_applied", "resolve_rolled_back"])
@pytest.mark.usefixtures("real_prisma")
def test_resolve_leaves_the_same_rows(tmp_path: Path, make_database: Callable[..., Database], verb: str) -> None:
    theirs, ours = make_database(), make_database()
    prisma = Prisma(tmp_path / "project", theirs.url)
    failing(prisma)
    prisma.url = ours.url
    failing(prisma)
    prisma.url = theirs.url
    lockmaster = Lockmaster(prisma.migrations, ours.url)
    for done in (getattr(prisma, verb)(NAME), getattr(lockmaster, verb)(NAME)):
        assert done.returncode == 0, said(done)
    assert without_logs(history(ours)) == without_logs(history(theirs))


def without_logs(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """The text of an error names objects and places; whether there is one is compared."""
    return [(*row[:3], bool(row[3]), *row[4:]) for row in rows]


# -- what Prisma left half-way --


def failing(prisma: Prisma, sql: str = 'CREATE TABLE "One" (id int);\nSELECT 1 / 0;\n') -> None:
    """Let real Prisma fail at one migration: an open row with a log."""
    folder.add(prisma.migrations, NAME, sql)
    done = prisma.deploy()
    assert done.returncode == 1, said(done)
    again = prisma.deploy()
    assert "P3009" in again.stderr, said(again)


def test_a_failure_that_left_nothing_is_repeated(prisma: Prisma, lockmaster: Lockmaster, database: Database) -> None:
    database.execute("CREATE SCHEMA data; CREATE TABLE data.divisor AS SELECT 0 AS value")
    failing(prisma, 'CREATE TABLE "One" (id int);\nINSERT INTO "One" SELECT 1 / value FROM data.divisor;\n')
    database.execute("UPDATE data.divisor SET value = 1")
    done = lockmaster.migrate()
    assert done.returncode == 0, said(done)
    assert database.value('SELECT count(*) FROM "One"') == 1
    assert_both_content(prisma, lockmaster)


def test_recover_never_leaves_it_to_a_person(prisma: Prisma, lockmaster: Lockmaster, database: Database) -> None:
    failing(prisma)
    before = fingerprint(database)
    done = lockmaster.migrate("--recover=never")
    assert done.returncode == 13, said(done)
    assert f"resolve --rolled-back {NAME}" in done.stdout
    assert fingerprint(database) == before


def test_a_failure_that_left_its_first_half_betrays_itself(
    prisma: Prisma, lockmaster: Lockmaster, database: Database
) -> None:
    prisma.script = Script.STATEMENTS
    failing(prisma)
    assert database.value("SELECT to_regclass('\"One\"') IS NOT NULL")
    done = lockmaster.migrate()
    assert done.returncode == 13, said(done)
    assert f"resolve --applied {NAME}" in done.stdout


def test_a_failure_whose_repeat_would_not_show_is_not_repeated(
    prisma: Prisma, lockmaster: Lockmaster, database: Database
) -> None:
    database.execute("CREATE SCHEMA data; CREATE TABLE data.balance AS SELECT 10 AS value")
    prisma.script = Script.STATEMENTS
    failing(prisma, "UPDATE data.balance SET value = value * 2;\nSELECT 1 / 0;\n")
    done = lockmaster.migrate()
    assert done.returncode == 13, said(done)
    assert NAME in done.stdout
    assert database.value("SELECT value FROM data.balance") == 20


@pytest.mark.parametrize("resolver", ["prisma", "lockmaster"])
@pytest.mark.parametrize("runner", ["prisma", "lockmaster"])
def test_rolled_back_by_one_is_tried_again_by_either(
    prisma: Prisma, lockmaster: Lockmaster, database: Database, resolver: str, runner: str
) -> None:
    failing(prisma)
    resolve = (prisma if resolver == "prisma" else lockmaster).resolve_rolled_back
    done = resolve(NAME)
    assert done.returncode == 0, said(done)
    folder.add(prisma.migrations, NAME, 'CREATE TABLE "One" (id int);\n')
    assert lockmaster.check().returncode == 3
    done = prisma.deploy() if runner == "prisma" else lockmaster.migrate()
    assert done.returncode == 0, said(done)
    assert_both_content(prisma, lockmaster)
    states = "SELECT rolled_back_at IS NULL FROM _prisma_migrations ORDER BY started_at"
    assert database.rows(states) == [(False,), (True,)]


@pytest.mark.parametrize("resolver", ["prisma", "lockmaster"])
def test_resolved_as_applied_by_one_is_current_for_both(prisma: Prisma, lockmaster: Lockmaster, resolver: str) -> None:
    failing(prisma)
    done = (prisma if resolver == "prisma" else lockmaster).resolve_applied(NAME)
    assert done.returncode == 0, said(done)
    assert_both_content(prisma, lockmaster)


def test_prisma_killed_after_the_script_is_finished_by_lockmaster(
    prisma: Prisma, lockmaster: Lockmaster, database: Database
) -> None:
    """The row says that the script had committed (applied_steps_count 1): it is not run again."""
    folder.add(prisma.migrations, NAME, 'CREATE TABLE "One" (id int);\n')
    assert prisma.deploy().returncode == 0
    database.execute("UPDATE _prisma_migrations SET finished_at = NULL")
    done = lockmaster.migrate()
    assert done.returncode == 0, said(done)
    assert_both_content(prisma, lockmaster)
    assert_each_once(database, [NAME])


# -- an edited or a missing file, as Prisma takes it at deploy --


def test_a_file_edited_afterwards_does_not_stop_a_start(prisma: Prisma, lockmaster: Lockmaster) -> None:
    folder.write(prisma.migrations, 3)
    assert lockmaster.migrate().returncode == 0
    folder.add(prisma.migrations, folder.name(1), "-- edited\nSELECT 1;\n")
    assert_both_content(prisma, lockmaster)


def test_an_older_image_on_a_newer_schema_starts(prisma: Prisma, lockmaster: Lockmaster) -> None:
    folder.write(prisma.migrations, 5)
    assert prisma.deploy().returncode == 0
    shutil.rmtree(prisma.migrations / folder.name(4))
    done = lockmaster.migrate()
    assert done.returncode == 0, said(done)
    assert folder.name(4) in done.stdout


# -- P3005 --

CONTENTS = {
    "a table": "CREATE TABLE customer (id int)",
    "a type": "CREATE TYPE mood AS ENUM ('ok')",
    "a function": "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a sequence": "CREATE SEQUENCE s",
    "a table elsewhere": "CREATE SCHEMA other; CREATE TABLE other.customer (id int)",
    "an extension's view": "CREATE VIEW v AS SELECT 1 AS one; ALTER EXTENSION plpgsql ADD VIEW v",
    "a view": "CREATE VIEW v AS SELECT 1 AS one",
    "a materialized view": "CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one",
    "a table named as one of PostGIS": "CREATE TABLE spatial_ref_sys (id int)",
}
STRICTER = {  # it holds somebody's data as any other table does
    "a partitioned table": "CREATE TABLE p (id int) PARTITION BY RANGE (id)",
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
@pytest.mark.usefixtures("real_prisma")
def test_lockmaster_refuses_where_prisma_says_p3005(
    tmp_path: Path, make_database: Callable[..., Database], content: str
) -> None:
    theirs, ours = both_on(tmp_path, make_database, content)
    expected = 14 if "P3005" in theirs.stderr else 0
    assert theirs.returncode == min(expected, 1), said(theirs)
    assert ours.returncode == expected, said(ours)


@pytest.mark.parametrize("content", STRICTER.values(), ids=STRICTER.keys())
@pytest.mark.usefixtures("real_prisma")
def test_lockmaster_refuses_some_that_prisma_does_not_see(
    tmp_path: Path, make_database: Callable[..., Database], content: str
) -> None:
    theirs, ours = both_on(tmp_path, make_database, content)
    assert theirs.returncode == 0, said(theirs)
    assert ours.returncode == 14, said(ours)


def both_on(tmp_path: Path, make_database: Callable[..., Database], content: str) -> tuple[Done, Done]:
    """What each says of the same folder, on a database of its own with that content and no history."""
    theirs, ours = make_database(), make_database()
    prisma = Prisma(tmp_path / "project", theirs.url)
    folder.write(prisma.migrations, 2)
    for database in (theirs, ours):
        database.execute(content)
    return prisma.deploy(), Lockmaster(prisma.migrations, ours.url).migrate()


def test_p3005_names_baseline_and_prisma_accepts_it(prisma: Prisma, lockmaster: Lockmaster, database: Database) -> None:
    names = folder.write(prisma.migrations, 5)
    for name in names:
        database.execute((prisma.migrations / name / "migration.sql").read_text())
    refused = lockmaster.migrate()
    assert refused.returncode == 14, said(refused)
    assert "baseline --to" in refused.stdout
    assert "P3005" in prisma.deploy().stderr, "Lockmaster's refusal left something behind"
    done = lockmaster.baseline(names[-1])
    assert done.returncode == 0, said(done)
    assert_both_content(prisma, lockmaster)
    assert_each_once(database, names)


def test_baseline_half_way_leaves_the_rest_to_either(
    prisma: Prisma, lockmaster: Lockmaster, database: Database
) -> None:
    names = folder.write(prisma.migrations, 3)
    for name in names[:2]:
        database.execute((prisma.migrations / name / "migration.sql").read_text())
    done = lockmaster.baseline(names[1])
    assert done.returncode == 0, said(done)
    assert names[2] in prisma.status().stdout
    assert prisma.deploy().returncode == 0
    assert_both_content(prisma, lockmaster)


# -- no table of ours ever makes Prisma see P3005 --

CREATE = 'CREATE TABLE "One" (id int);\nINSERT INTO "One" VALUES (1), (1);\n'
NEVER_P3005 = {
    "all went well": ([CREATE, 'CREATE INDEX CONCURRENTLY "one_id" ON "One" (id);\n'], 0),
    "the first file is wrong": (["CREATE TABLE broken (;\n"], 12),
    "the first file fails": (["CREATE TABLE fails AS SELECT 1 / 0;\n"], 12),
    "the first file must run alone": (['CREATE INDEX CONCURRENTLY "i" ON missing (id);\n'], 12),
    "a unique index cannot be built": (
        [CREATE, 'CREATE UNIQUE INDEX CONCURRENTLY "u" ON "One" (id);\n'],
        None,
    ),
    "a second segment fails": (["BEGIN;\nCREATE TABLE a (i int);\nCOMMIT;\nSELECT 1 / 0;\n"], None),
}


@pytest.mark.parametrize(("scripts", "status"), NEVER_P3005.values(), ids=NEVER_P3005.keys())
def test_prisma_never_sees_p3005_after_lockmaster(
    prisma: Prisma, lockmaster: Lockmaster, database: Database, scripts: list[str], status: int | None
) -> None:
    for index, sql in enumerate(scripts):
        folder.add(prisma.migrations, f"2024010100000{index}_m", sql)
    done = lockmaster.migrate()
    assert (done.returncode == status) if status is not None else done.returncode in {12, 13}, said(done)
    judgement = prisma.deploy()
    assert "P3005" not in judgement.stderr, f"{said(done)}\n{said(judgement)}\n{tables(database)}"


def tables(database: Database) -> list[tuple[object, ...]]:
    return database.rows("SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT LIKE 'pg%' ORDER BY 1, 2")


def test_a_half_done_file_of_ours_is_understood_by_prisma(prisma: Prisma, lockmaster: Lockmaster) -> None:
    """Where ours leaves an open row, Prisma names it (P3009) and its `resolve` settles it, for us as well."""
    folder.add(prisma.migrations, NAME, "BEGIN;\nCREATE TABLE a (i int);\nCOMMIT;\nSELECT 1 / 0;\n")
    done = lockmaster.migrate()
    assert done.returncode == 13, said(done)
    judgement = prisma.deploy()
    assert "P3009" in judgement.stderr, said(judgement)
    assert prisma.resolve_applied(NAME).returncode == 0
    assert_both_content(prisma, lockmaster)


# -- both at once --

SLOW = """CREATE TABLE "Slow" (id int);
DO $$ BEGIN
  WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'let_go') LOOP PERFORM pg_sleep(0.05); END LOOP;
END $$;
"""
LET_GO = "CREATE SCHEMA signal; CREATE TABLE signal.let_go ()"  # ends SLOW
INDEX = 'CREATE INDEX CONCURRENTLY "Slow_id" ON "Slow" (id);\n'


def lock_rows(database: Database, *, granted: bool) -> int:
    count = database.value(
        "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database WHERE locktype = 'advisory'"
        f" AND objid = {PRISMA_LOCK_ID} AND granted = {granted} AND d.datname = current_database()"
    )
    assert isinstance(count, int)
    return count


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.02)


@pytest.mark.parametrize("dead", [False, True], ids=["alive", "killed"])
def test_c2_prisma_pods_that_wait_do_not_stop_an_index_from_being_built(
    prisma: Prisma, lockmaster: Lockmaster, database: Database, *, dead: bool
) -> None:
    """A rolling update from Prisma to Lockmaster: old pods wait in pg_advisory_lock, the new one migrates.

    Each of them holds a snapshot that the index build must wait for: a deadlock (PROTOCOL-FACTS C2).
    """
    names = ["20240101000000_slow", "20240101000001_index"]
    for name, sql in zip(names, (SLOW, INDEX), strict=True):
        folder.add(prisma.migrations, name, sql)
    ours = lockmaster.start("migrate")
    wait_until(lambda: lock_rows(database, granted=True) > 0, "Lockmaster's turn")
    pods = [prisma.start("migrate", "deploy") for _ in range(2)]
    wait_until(lambda: lock_rows(database, granted=False) == 2, "two pods of Prisma waiting")
    if dead:
        for pod in pods:
            pod.kill()
    database.execute(LET_GO)
    output, _ = ours.communicate(timeout=60)
    assert ours.returncode == 0, output
    for pod in pods:
        pod.communicate(timeout=60)
    assert_each_once(database, names)
    assert database.value("SELECT bool_and(indisvalid) FROM pg_index")
    assert database.value("SELECT count(*) FROM pg_class WHERE relname LIKE 'Slow_id%'") == 1
    assert_both_content(prisma, lockmaster)


def test_lockmaster_waits_for_a_prisma_that_migrates(
    prisma: Prisma, lockmaster: Lockmaster, database: Database
) -> None:
    folder.add(prisma.migrations, NAME, SLOW)
    theirs = prisma.start("migrate", "deploy")
    wait_until(lambda: lock_rows(database, granted=True) > 0, "Prisma's lock")
    ours = lockmaster.start("migrate")
    with pytest.raises(subprocess.TimeoutExpired):
        ours.communicate(timeout=3)
    database.execute(LET_GO)
    for one in (theirs, ours):
        output, _ = one.communicate(timeout=60)
        assert one.returncode == 0, output
    assert_each_once(database, [NAME])


def test_three_of_each_start_at_the_same_instant(prisma: Prisma, lockmaster: Lockmaster, database: Database) -> None:
    names = folder.write(prisma.migrations, 4)
    pods = [start("migrate", *more) for start, more in ((prisma.start, ["deploy"]), (lockmaster.start, [])) * 3]
    outputs = [pod.communicate(timeout=90)[0] for pod in pods]
    assert [pod.returncode for pod in pods] == [0] * 6, "\n".join(outputs)
    assert_each_once(database, names)
    assert_both_content(prisma, lockmaster)
