"""Sample projects: where Prisma would look, and where people put plain SQL."""

import pytest

from lockmaster.errors import UsageError
from lockmaster.formats.discover import Project, discover
from tests.unit.formats.conftest import Tree

Files = dict[str, str | bytes | None]

SCHEMA = """
// datasource old { provider = "mysql" }
generator client {
  provider = "prisma-client-js"
}

datasource db {
  provider  = "postgresql" // the one
  // url    = env("OLD_URL")
  url       = env("DATABASE_URL")
  directUrl = env("DIRECT_URL")
  relationMode = "prisma"
}

model User { id Int @id }
"""
CONFIG = """
import path from "node:path";
import { defineConfig, env } from "prisma/config";
// schema: "wrong/schema.prisma",
export default defineConfig({
  %s
});
"""


def found(tree: Tree, files: Files, start: str = "") -> Project:
    root = tree(files)
    project = discover(root + start)
    assert project is not None

    def short(path: str) -> str:
        return path.replace(root + "/", "")

    return project._replace(
        dir=short(project.dir), schema_file=short(project.schema_file), origin=short(project.origin)
    )


@pytest.mark.parametrize("place", ["schema.prisma", "prisma/schema.prisma"])
def test_the_default_places(tree: Tree, place: str) -> None:
    folder = f"{place.removesuffix('schema.prisma')}migrations"
    expected = Project(folder, "prisma", place, "DATABASE_URL", "DIRECT_URL", "postgresql", place)
    assert found(tree, {place: SCHEMA}) == expected


def test_the_first_place_wins_as_with_prisma(tree: Tree) -> None:
    both: Files = {"schema.prisma": SCHEMA, "prisma/schema.prisma": SCHEMA}
    assert found(tree, both).schema_file == "schema.prisma"


def test_a_schema_of_several_files(tree: Tree) -> None:
    """The migrations are beside the file with the datasource."""
    files: Files = {"prisma/schema/models/user.prisma": "model User { id Int @id }", "prisma/schema/db.prisma": SCHEMA}
    project = found(tree, files)
    assert (project.dir, project.schema_file) == ("prisma/schema/migrations", "prisma/schema/db.prisma")
    assert project.url_env == "DATABASE_URL"


def test_package_json(tree: Tree) -> None:
    files: Files = {
        "package.json": '{"name": "x", "prisma": {"schema": "db/main.prisma", "seed": "node seed"}}',
        "db/main.prisma": SCHEMA,
        "prisma/schema.prisma": "",
    }
    project = found(tree, files)
    assert (project.dir, project.schema_file, project.origin) == ("db/migrations", "db/main.prisma", "package.json")


def test_package_json_is_looked_for_upwards(tree: Tree) -> None:
    files: Files = {"package.json": '{"prisma": {"schema": "db/main.prisma"}}', "db/main.prisma": SCHEMA, "sub/": None}
    assert found(tree, files, "/sub").dir == "db/migrations"


@pytest.mark.parametrize("text", ['{"dependencies": {"prisma": "6"}}', '{"prisma": {"seed": "x"}}', '{"prisma": 1}'])
def test_a_package_json_that_says_nothing(tree: Tree, text: str) -> None:
    assert found(tree, {"package.json": text, "prisma/schema.prisma": SCHEMA}).origin == "prisma/schema.prisma"


@pytest.mark.parametrize("name", ["prisma.config.ts", "prisma.config.mjs"])
@pytest.mark.parametrize(
    ("body", "schema", "folder"),
    [
        ('schema: "db/main.prisma",', "db/main.prisma", "db/migrations"),
        ("schema: './db/main.prisma'", "db/main.prisma", "db/migrations"),
        ('schema: path.join("db", "main.prisma"),', "db/main.prisma", "db/migrations"),
        ('schema: path.resolve(__dirname, "db", "main.prisma"),', "db/main.prisma", "db/migrations"),
        ('schema: "db/main.prisma", migrations: { path: "sql/all", seed: `x` },', "db/main.prisma", "sql/all"),
        ('migrations: { path: path.join("sql", "all") },', "prisma/schema.prisma", "sql/all"),
        ('typedSql: { path: "x" }, views: { path: "y" },', "prisma/schema.prisma", "prisma/migrations"),
    ],
)
def test_prisma_config(tree: Tree, name: str, body: str, schema: str, folder: str) -> None:
    files: Files = {name: CONFIG % body, "db/main.prisma": SCHEMA, "prisma/schema.prisma": SCHEMA}
    project = found(tree, files)
    assert (project.schema_file, project.dir, project.url_env) == (schema, folder, "DATABASE_URL")
    assert project.origin == name


def test_the_config_overwrites_what_the_schema_names(tree: Tree) -> None:
    """Prisma migrates over the URL of its config (@prisma/config, SchemaEngineConfigClassic); we took the schema's."""
    body = 'engine: "classic", datasource: { url: env("MINE"), directUrl: process.env.MINE_DIRECT },'
    project = found(tree, {"prisma.config.ts": CONFIG % body, "prisma/schema.prisma": SCHEMA})
    assert (project.url_env, project.direct_url_env) == ("MINE", "MINE_DIRECT")
    body = 'engine: "classic", datasource: { url: env("MINE") },'
    project = found(tree, {"prisma.config.ts": CONFIG % body, "prisma/schema.prisma": SCHEMA})
    assert (project.url_env, project.direct_url_env) == ("MINE", "DIRECT_URL")


def test_a_config_in_its_own_folder(tree: Tree) -> None:
    files: Files = {".config/prisma.ts": CONFIG % 'schema: "../db/main.prisma"', "db/main.prisma": SCHEMA}
    assert found(tree, files).dir == "db/migrations"


@pytest.mark.parametrize(
    "url", ['env("PG_URL")', "env('PG_URL')", "env<Env>('PG_URL')", "process.env.PG_URL!", 'process.env["PG_URL"]!']
)
def test_prisma_7_keeps_the_url_in_the_config(tree: Tree, url: str) -> None:
    body = f'schema: "prisma/schema.prisma", datasource: {{ url: {url} }},'
    schema = 'datasource db {\n  provider = "sqlite"\n}'
    project = found(tree, {"prisma.config.ts": CONFIG % body, "prisma/schema.prisma": schema})
    assert (project.url_env, project.provider, project.dir) == ("PG_URL", "sqlite", "prisma/migrations")


@pytest.mark.parametrize(
    "body",
    ["schema: where(),", "schema: `${base}/x.prisma`", 'schema: base + "/x"', 'schema: path.join(base, "x"),',
     "migrations: { path: folder }", 'schema: "a" + b'],
)  # fmt: skip
def test_a_config_that_computes_is_not_guessed(tree: Tree, body: str) -> None:
    root = tree({"prisma.config.ts": CONFIG % body, "prisma/schema.prisma": SCHEMA})
    with pytest.raises(UsageError, match="is computed") as caught:
        discover(root)
    assert "--dir" in caught.value.hint


def test_a_schema_that_is_named_and_missing(tree: Tree) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        discover(tree({"package.json": '{"prisma": {"schema": "nope.prisma"}}', "prisma/schema.prisma": SCHEMA}))


def test_a_package_json_that_is_broken(tree: Tree) -> None:
    with pytest.raises(UsageError, match="is not JSON"):
        discover(tree({"package.json": '{"prisma": ', "prisma/schema.prisma": SCHEMA}))


def test_a_url_in_the_schema_is_not_kept(tree: Tree) -> None:
    text = 'datasource db {\n  provider = "postgresql"\n  url = "postgresql://u:hunter2@h/db"\n}'
    project = found(tree, {"schema.prisma": text})
    assert project.url_env == ""
    assert "hunter2" not in repr(project)


def test_only_the_migrations_were_copied(tree: Tree) -> None:
    project = found(tree, {"prisma/migrations/20240101_a/migration.sql": ""})
    assert project == Project("prisma/migrations", "prisma", origin="prisma/migrations")


@pytest.mark.parametrize("place", ["migrations", "db/migrations"])
def test_plain_sql(tree: Tree, place: str) -> None:
    assert found(tree, {f"{place}/0001_a.sql": ""}) == Project(place, "native", origin=place)


def test_plain_folder_with_prisma_layout(tree: Tree) -> None:
    assert found(tree, {"db/migrations/1_a/migration.sql": ""}).format == "prisma"


def test_somebody_elses_folder_is_named(tree: Tree) -> None:
    with pytest.raises(UsageError, match="looks like flyway"):
        discover(tree({"db/migrations/V1__a.sql": ""}))


def test_nothing(tree: Tree) -> None:
    assert discover(tree({"src/": None, "migrations/": None})) is None
