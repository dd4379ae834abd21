"""The commands that teams have in their init containers, from start to end with real parts, three replicas at once.

(a) `npm run migrate` (node-pg-migrate), DATABASE_URL plain in env
(b) `npx prisma migrate deploy --schema=./prisma/schema.prisma`, DATABASE_URL from a mounted Secret

Each under `exec`, each replaced by what Lockmaster does itself, and (a) as it is, to show why.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.prisma import judge
from tests.prisma.judge import Prisma
from tests.support import npm
from tests.support.cli import herd
from tests.support.database import Database
from tests.support.needs import need

pytestmark = [pytest.mark.prisma, pytest.mark.xdist_group("npm")]
HERE = Path(__file__).parent / "npm"
SLOW = "exports.up = (pgm) => { pgm.sql('SELECT pg_sleep(2)'); pgm.createTable('slow', { id: 'id' }) }\n"
FAST = "exports.up = (pgm) => { pgm.createTable('users', { id: 'id', email: { type: 'text', notNull: true } }) }\n"
REPLICAS = 3


@pytest.fixture(scope="session")
def node_pg_migrate() -> Path:
    try:
        return npm.installed("npm-run-migrate", HERE, "node_modules/node-pg-migrate/bin/node-pg-migrate.js")
    except npm.NpmMissingError as error:
        need(found=False, reason=str(error))
        raise


@pytest.fixture
def project(tmp_path: Path, node_pg_migrate: Path) -> Path:
    """The team's project, as it is in its image."""
    shutil.copy(HERE / "package.json", tmp_path)
    (tmp_path / "node_modules").symlink_to(node_pg_migrate / "node_modules")
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "1700000000001_users.js").write_text(FAST)
    (tmp_path / "migrations" / "1700000000002_slow.js").write_text(SLOW)
    return tmp_path


def at_once(args: list[str], cwd: Path, env: Mapping[str, str]) -> list[subprocess.CompletedProcess[str]]:
    return herd(REPLICAS, args, cwd=cwd, env=lambda number: {**env, "POD_NAME": f"web-{number}"})


def applied(database: Database) -> list[str]:
    return [row[0] for row in database.rows("SELECT name FROM pgmigrations ORDER BY id")]


def test_npm_run_migrate_under_exec(project: Path, database: Database) -> None:
    done = at_once(["exec", "--", "npm", "run", "migrate"], project, {"DATABASE_URL": database.url})
    assert [one.returncode for one in done] == [0] * REPLICAS, "".join(one.stderr for one in done)
    assert applied(database) == ["1700000000001_users", "1700000000002_slow"]


def test_npm_run_migrate_once_of_its_folder_starts_npm_once(project: Path, database: Database) -> None:
    args = ["exec", "--once-of", "migrations", "--", "npm", "run", "migrate"]
    done = at_once(args, project, {"DATABASE_URL": database.url})
    assert [one.returncode for one in done] == [0] * REPLICAS, "".join(one.stderr for one in done)
    assert sum("Migrating files" in one.stderr for one in done) == 1
    assert applied(database) == ["1700000000001_users", "1700000000002_slow"]


def test_npm_run_migrate_as_it_is_fails_in_all_replicas_but_one(project: Path, database: Database) -> None:
    """Why: its lock does not wait. The kubelet starts the others again, and again, with growing pauses."""
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "DATABASE_URL": database.url}
    runs = [
        subprocess.Popen(
            ["npm", "run", "migrate"],
            cwd=project,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(REPLICAS)
    ]
    said = [run.communicate(timeout=60)[0] for run in runs]
    assert sorted(run.returncode for run in runs) == [0, 1, 1], "".join(said)
    assert sum("Another migration is already running" in text for text in said) == REPLICAS - 1


def test_npm_run_migrate_replaced_by_migrate(tmp_path: Path, database: Database) -> None:
    """The same two migrations as plain SQL, which is what their JavaScript makes."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "1700000000001_users.sql").write_text("CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL);")
    (folder / "1700000000002_slow.sql").write_text("SELECT pg_sleep(2); CREATE TABLE slow (id serial PRIMARY KEY);")
    done = at_once(["migrate", "--dir", str(folder)], tmp_path, {"DATABASE_URL": database.url})
    assert [one.returncode for one in done] == [0] * REPLICAS, "".join(one.stderr for one in done)
    names = database.rows("SELECT name FROM lockmaster_history ORDER BY version")
    assert names == [("1700000000001_users",), ("1700000000002_slow",)]


@pytest.fixture
def prisma(tmp_path: Path, database: Database) -> Prisma:
    reason = judge.missing()
    need(reason is None, reason or "")
    project = Prisma(tmp_path / "project", database.url)
    for name, script in (
        ("20260101000000_users", "CREATE TABLE users (id integer PRIMARY KEY);\n"),
        ("20260102000000_slow", "SELECT pg_sleep(2);\nCREATE TABLE slow (id integer);\n"),
    ):
        (project.migrations / name).mkdir()
        (project.migrations / name / "migration.sql").write_text(script)
    return project


def test_npx_prisma_migrate_deploy_under_exec_with_a_mounted_secret(
    prisma: Prisma, database: Database, tmp_path: Path
) -> None:
    """Prisma takes its own lock, blocking; ours is another one, so there is no deadlock, and nobody waits in it."""
    secret = tmp_path / "database-url"
    secret.write_text(database.url + "\n")
    env = {name: value for name, value in prisma.environment().items() if name != "DATABASE_URL"}
    args = [
        "exec", "--export-url", "DATABASE_URL", "--",
        "npx", "prisma", "migrate", "deploy", "--schema=./prisma/schema.prisma",
    ]  # fmt: skip
    done = at_once(args, prisma.workdir, {**env, "DATABASE_URL_FILE": str(secret)})
    assert [one.returncode for one in done] == [0] * REPLICAS, "".join(one.stderr for one in done)
    finished = "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY 1"
    assert [row[0] for row in database.rows(finished)] == ["20260101000000_users", "20260102000000_slow"]
    assert prisma.status().returncode == 0
    assert all(database.url not in one.stderr for one in done)


def test_npx_prisma_migrate_deploy_as_it_is_fails_beside_a_long_migration(prisma: Prisma, database: Database) -> None:
    """Why: it waits inside its lock, and for ten seconds only."""
    slow = prisma.migrations / "20260102000000_slow" / "migration.sql"
    slow.write_text(slow.read_text().replace("pg_sleep(2)", "pg_sleep(14)"))
    runs = [prisma.start("migrate", "deploy") for _ in range(REPLICAS)]
    said = [run.communicate(timeout=90)[0] for run in runs]
    assert sorted(run.returncode for run in runs) == [0, 1, 1], "".join(said)
    assert sum("Timed out trying to acquire a postgres advisory lock" in text for text in said) == REPLICAS - 1


def test_prisma_replaced_by_migrate(prisma: Prisma, database: Database) -> None:
    done = at_once(["migrate"], prisma.workdir, {"DATABASE_URL": database.url})
    assert [one.returncode for one in done] == [0] * REPLICAS, "".join(one.stderr for one in done)
    assert prisma.status().returncode == 0


def test_real_prisma_has_no_deadlock_with_us(prisma: Prisma, database: Database) -> None:
    """A Prisma that runs by itself, in its own lock, beside one under our turn: both end, each migration once."""
    alone = prisma.start("migrate", "deploy")
    args = ["exec", "--always", "--", *prisma.command("migrate", "deploy")]
    done = at_once(args, prisma.workdir, prisma.environment())
    alone.communicate(timeout=60)
    assert alone.returncode == 0
    assert [one.returncode for one in done] == [0] * REPLICAS, "".join(one.stderr for one in done)
    assert database.value("SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NOT NULL") == 2
    assert prisma.status().returncode == 0
