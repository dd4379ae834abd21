"""The SQL of docs/kubernetes/production.md, on a real PostgreSQL: the owner migrates, the application cannot, the gate can see."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psycopg2
import pytest

from tests.manifests.building.made import containers, objects, pods
from tests.support.cli import run_cli, start_cli
from tests.support.postgres import unique_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.database import Database

pytestmark = pytest.mark.every_server
PAGE = (Path(__file__).parents[3] / "docs/kubernetes/production.md").read_text()
SCRIPTS = dict(re.findall(r"<!-- test: ([^\n]*) -->\n```sql\n(.*?)```", PAGE, re.DOTALL))


class Roles(NamedTuple):
    """A database with the two roles of the page, under names of this test's own."""

    database: Database
    owner: str
    app: str
    admin: str

    def script(self, name: str) -> str:
        names = {"web_owner": self.owner, "web_app": self.app, "admin": self.admin, "shop": self.database.name}
        return re.sub(r"\b(web_owner|web_app|admin|shop)\b", lambda found: f'"{names[found[1]]}"', SCRIPTS[name])

    def url(self, role: str) -> str:
        return self.database.url_for(role, "secret")

    def run(self, role: str, sql: str) -> None:
        connection = psycopg2.connect(self.url(role))
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql)
        finally:
            connection.close()


@pytest.fixture
def roles(database: Database) -> Iterator[Roles]:
    found = Roles(database, unique_name("owner"), unique_name("app"), unique_name("admin"))
    database.execute(f"CREATE ROLE \"{found.admin}\" LOGIN PASSWORD 'secret'")
    database.execute(found.script("as who owns the database"))
    for role in (found.owner, found.app):
        database.execute(f"ALTER ROLE \"{role}\" PASSWORD 'secret'")
    yield found
    for role in (found.owner, found.app, found.admin):
        database.execute(f'DROP OWNED BY "{role}" CASCADE')
        database.execute(f'DROP ROLE "{role}"')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql/1_users.sql").write_text("CREATE TABLE users (id serial PRIMARY KEY, name text);\n")
    return tmp_path / "sql"


def migrate(roles: Roles, folder: Path) -> None:
    done = run_cli(["migrate", "--dir", folder], env={"DATABASE_URL": roles.url(roles.owner)})
    assert done.returncode == 0, done.stderr


def words(name: str) -> list[str]:
    """What the manifest has a container run: its words, as a process beside the folder."""
    flags = {"from": "same-image", "dir": "sql"}
    (found,) = [one[name] for pod in pods(objects("job-and-gate", **flags)) if name in (one := containers(pod))]
    program, *rest = [*found["command"], *found["args"]]
    assert program == "lockmaster"
    return rest


def test_gates_that_were_there_first_open_when_the_job_is_done(roles: Roles, folder: Path) -> None:
    """The words of the manifest, run as they stand there: three gates as the application, then the Job as the owner."""
    with ExitStack() as stack:
        env = {"DATABASE_URL": roles.url(roles.app)}
        gates = [stack.enter_context(start_cli(words("gate"), env=env, cwd=folder.parent)) for _ in range(3)]
        for gate in gates:
            gate.wait_for("1_users")  # it has looked, and there is no history yet
        job = run_cli(words("migrate"), env={"DATABASE_URL": roles.url(roles.owner)}, cwd=folder.parent)
        assert job.returncode == 0, job.stderr
        assert [gate.wait(50).returncode for gate in gates] == [0, 0, 0]


def test_the_application_reads_and_writes_rows_and_no_more(roles: Roles, folder: Path) -> None:
    migrate(roles, folder)
    roles.run(roles.app, "INSERT INTO users (name) VALUES ('a'); UPDATE users SET name = 'b'; DELETE FROM users")
    for refused in ("CREATE TABLE mine (id int)", "ALTER TABLE users ADD x int", "DROP TABLE users", "TRUNCATE users"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            roles.run(roles.app, refused)
    (folder / "2_more.sql").write_text("ALTER TABLE users ADD email text;\n")
    done = run_cli(["migrate", "--dir", folder], env={"DATABASE_URL": roles.url(roles.app)})
    assert (done.returncode, "migrate with the owner's" in done.stderr) == (12, True)


def test_the_history_can_be_closed_for_the_application_and_the_gate_still_sees(roles: Roles, folder: Path) -> None:
    migrate(roles, folder)
    roles.run(roles.owner, roles.script("as the owner"))
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        roles.run(roles.app, "DELETE FROM lockmaster_history")
    done = run_cli(["gate", "--dir", folder, "--deadline", "20s"], env={"DATABASE_URL": roles.url(roles.app)})
    assert done.returncode == 0, done.stderr


def test_tables_of_an_earlier_role_go_over_to_the_owner(roles: Roles, folder: Path) -> None:
    roles.database.execute(f'GRANT USAGE, CREATE ON SCHEMA public TO "{roles.admin}"')
    done = run_cli(["migrate", "--dir", folder], env={"DATABASE_URL": roles.url(roles.admin)})
    assert done.returncode == 0, done.stderr
    roles.database.execute(roles.script("existing"))
    (folder / "2_more.sql").write_text("ALTER TABLE users ADD email text;\n")
    migrate(roles, folder)
    roles.run(roles.app, "INSERT INTO users (name, email) VALUES ('a', 'b')")
