"""Which commands migrate, by what tool; which only look like it. Told from the container alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lockmaster.manifests.check.model import World
from lockmaster.manifests.check.run import checks, examine
from lockmaster.manifests.stream import Stream

if TYPE_CHECKING:
    from lockmaster.manifests.check.migrating import Migration

# what the container says (a list: command; text: of sh -c), or image=..., args; and the tool that it is
MIGRATE: list[tuple[object, str]] = [
    (["lockmaster", "migrate"], "Lockmaster"),
    (["python", "-m", "lockmaster", "migrate", "--deadline", "5m"], "Lockmaster"),
    (["lockmaster", "up"], "Lockmaster"),
    (["npx", "prisma", "migrate", "deploy"], "Prisma"),
    ("npx prisma migrate deploy --schema=./prisma/schema.prisma", "Prisma"),
    ("set -e; cd /app && node_modules/.bin/prisma migrate deploy", "Prisma"),
    (["node", "node_modules/prisma/build/index.js", "migrate", "deploy"], "Prisma"),
    (["pnpm", "exec", "prisma", "migrate", "deploy"], "Prisma"),
    (["bunx", "prisma", "db", "push"], "Prisma"),
    (["flyway", "-url=jdbc:postgresql://db/app", "migrate"], "Flyway"),
    (["liquibase", "--changelog-file=db.xml", "update"], "Liquibase"),
    (["alembic", "upgrade", "head"], "Alembic"),
    ("poetry run alembic -c alembic.ini upgrade head", "Alembic"),
    (["python", "-m", "alembic", "upgrade", "head"], "Alembic"),
    (["flask", "db", "upgrade"], "Alembic"),
    (["superset", "db", "upgrade"], "Alembic"),
    (["airflow", "db", "migrate"], "Airflow"),
    (["python", "manage.py", "migrate", "--noinput"], "Django"),
    ("python3 -u ./manage.py migrate", "Django"),
    (["django-admin", "migrate"], "Django"),
    (["bundle", "exec", "rails", "db:migrate"], "Rails"),
    (["bin/rails", "db:prepare"], "Rails"),
    (["bundle", "exec", "rake", "db:migrate"], "Rails"),
    (["npx", "knex", "migrate:latest"], "Knex"),
    (["npx", "sequelize-cli", "db:migrate"], "Sequelize"),
    (["npx", "typeorm", "migration:run", "-d", "dist/source.js"], "TypeORM"),
    (["npx", "typeorm-ts-node-commonjs", "migration:run"], "TypeORM"),
    (["npx", "drizzle-kit", "migrate"], "Drizzle"),
    (["npx", "node-pg-migrate", "up"], "node-pg-migrate"),
    (["npx", "mikro-orm", "migration:up"], "MikroORM"),
    (["migrate", "-path", "/migrations", "-database", "$(DATABASE_URL)", "up"], "golang-migrate"),
    (["goose", "-dir", "migrations", "postgres", "$(DSN)", "up"], "Goose"),
    (["dbmate", "--wait", "up"], "dbmate"),
    (["atlas", "migrate", "apply", "--url", "$(URL)"], "Atlas"),
    (["sqlx", "migrate", "run"], "sqlx"),
    (["mix", "ecto.migrate"], "Ecto"),
    (["bin/shop", "eval", "Shop.Release.migrate"], "Ecto"),
    (["php", "artisan", "migrate", "--force"], "Laravel"),
    (["dotnet", "ef", "database", "update"], "EF Core"),
    (["./efbundle", "--connection", "$(DB)"], "EF Core"),
    (["php", "bin/console", "doctrine:migrations:migrate", "-n"], "Doctrine"),
    (["npm", "run", "migrate"], "a package script"),
    (["yarn", "prisma", "migrate", "deploy"], "Prisma"),
    (["pnpm", "typeorm", "migration:run"], "TypeORM"),
    (["yarn", "migrate"], "a package script"),
    (["doppler", "run", "--", "npx", "knex", "migrate:latest"], "Knex"),
    (["op", "run", "--env-file=.env", "--", "goose", "up"], "Goose"),
    (["tini", "--", "docker-entrypoint.sh", "sh", "-c", "exec npx prisma migrate deploy"], "Prisma"),
    (["chpst", "-u", "app", "python", "manage.py", "migrate"], "Django"),
    (["npm", "run", "db:deploy"], "a package script"),
    (["yarn", "migrate:up"], "a package script"),
    (["pnpm", "run", "db:migrate"], "a package script"),
    (["bun", "run", "migrate"], "a package script"),
    (["./scripts/migrate.sh"], "a script"),
    (["/app/migrate"], "a script"),
    (["make", "migrate"], "a script"),
    (["python", "migrate.py"], "a script"),
    (["node", "dist/migrate.js"], "a script"),
    (["kratos", "migrate", "sql", "-e", "--yes"], "a subcommand"),
    (["spicedb", "datastore", "migrate", "head"], "a subcommand"),
    (["/harbor/harbor_core", "-mode=migrate"], "a subcommand"),
    (["temporal-sql-tool", "update-schema", "-d", "/schema"], "a subcommand"),
    (["/scripts/wait-for-deps", "/scripts/db-migrate"], "a script"),
    (["./wait-for-it.sh", "db:5432", "--", "python", "manage.py", "migrate"], "Django"),
    (["dockerize", "-wait", "tcp://db:5432", "--", "rails", "db:migrate"], "Rails"),
    (["python", "manage.py", "run_migrations"], "a subcommand"),
    (["/app/server", "--auto-migrate"], "a subcommand"),
    (["/app/proxy", "database", "migrate"], "a subcommand"),
    (["java", "-jar", "migrations.jar"], "a script"),
    ("until nc -z db 5432; do sleep 1; done; exec su-exec app timeout 60 rails db:migrate", "Rails"),
    (["lockmaster", "exec", "--", "sh", "-c", "liquibase release-locks && liquibase update"], "Liquibase"),
    (["env", "NODE_ENV=production", "npx", "--yes", "knex", "migrate:latest"], "Knex"),
    ({"image": "migrate/migrate:v4.18", "args": ["-path", "/m", "-database", "$(D)", "up"]}, "golang-migrate"),
    ({"image": "docker.io/flyway/flyway:11", "args": ["migrate"]}, "Flyway"),
    ({"image": "ghcr.io/amacneil/dbmate:2", "args": ["up"]}, "dbmate"),
    ({"image": "arigaio/atlas:latest", "args": ["migrate", "apply"]}, "Atlas"),
    ({"image": "liquibase/liquibase", "args": ["update"]}, "Liquibase"),
    ({"name": "db-migrations", "image": "shop:1"}, "an unknown tool"),
    ({"name": "init-db", "image": "shop:1", "command": ["/entrypoint"]}, "an unknown tool"),
    ({"name": "schema-update", "image": "shop:1"}, "an unknown tool"),
]  # fmt: skip
DO_NOT: list[object] = [
    "cat <<'EOF' > /tmp/x\nmigrate this\nEOF\nexec node server.js",
    ["doppler", "run", "--", "node", "server.js"],
    ["lockmaster", "gate"],
    ["lockmaster", "wait", "tcp://db:5432"],
    ["python", "manage.py", "migrate", "--check"],
    ["airflow", "db", "check-migrations", "-t", "60"],
    ["prisma", "migrate", "status"],
    ["flyway", "info"],
    ["alembic", "current"],
    ["alembic", "check"],
    ["node", "server.js"],
    ["/app/server", "--no-migrate"],
    ["/app/immigration-server"],
    ["python", "-c", "import app\nwhile not app.migrated(): app.sleep(1) # migrate"],
    ["node", "-e", "require('./migrate').check()"],
    "until (bin/migrate-check); do echo waiting; sleep 1; done",
    "until timeout 30 python manage.py migrate --check --skip-checks; do sleep 5; done",
    "while true; do if npm run migration:check 2>&1 | grep -q ok; then exit 0; fi; sleep 5; done",
    "until [ \"$(kubectl get job migrate -o jsonpath='{.status.succeeded}')\" = 1 ]; do sleep 1; done",
    ["kratos", "migrate", "status"],
    ["cp", "-r", "migrate", "/shared"],
    ["sh", "-c", "echo migrate"],
    ["wait-for-it", "db:5432"],
    ["npm", "install", "migrate"],
    ["npm", "start"],
    ["npm", "run", "check-migrations"],
    ["npm", "run", "migrate:status"],
    ["rails", "server"],
    ["python", "manage.py", "collectstatic"],
    ["kubectl", "wait", "--for=condition=complete", "job/migrate"],
    "until pg_isready -h db; do sleep 1; done",
    {"name": "wait-for-migrations", "image": "shop:1", "command": ["/bin/check"]},
    {"name": "copy-migrations", "image": "shop:1", "command": ["cp", "-r", "/app/db", "/shared"]},
    {"name": "migrate-gate", "image": "shop:1", "command": ["lockmaster", "gate"]},
    {"name": "init-permissions", "image": "busybox", "command": ["chown", "-R", "1000", "/data"]},
    {"name": "web", "image": "immigration-office:1"},
    ["sh", "-c", "echo 'unbalanced"],
]


REPLICAS = checks(only=("unlocked-replicas",))


def migration(said: object) -> Migration | None:
    container: dict[str, object] = {"name": "prepare", "image": "shop:1"}
    if isinstance(said, dict):
        container |= said
    else:
        container["command"] = said if isinstance(said, list) else ["/bin/sh", "-c", said]
    pod = {"initContainers": [container], "containers": [{"name": "web"}]}
    root = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": pod}}}
    found = World([Stream("x", json.dumps(root))]).migrations
    return found[0] if found else None


@pytest.mark.parametrize(("said", "tool"), MIGRATE, ids=[str(said) for said, _ in MIGRATE])
def test_what_migrates(said: object, tool: str) -> None:
    found = migration(said)
    assert found is not None
    assert found.tool.name == tool


@pytest.mark.parametrize("said", DO_NOT, ids=map(str, DO_NOT))
def test_what_does_not(said: object) -> None:
    assert migration(said) is None


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        (["timeout", "600", "npm", "run", "migrate"], 600),
        (["timeout", "-k", "5", "--signal=INT", "10m", "npm", "run", "migrate"], 600),
        (["npm", "run", "migrate"], None),
        (["lockmaster", "migrate", "--deadline=1m30s"], 90),
        (["lockmaster", "migrate"], None),
        (["lockmaster", "exec", "--deadline", "5m", "--", "npm", "run", "migrate"], 300),
        ("timeout 1h npx prisma migrate deploy", 3600),
        ({"command": ["lockmaster", "migrate"], "env": [{"name": "LOCKMASTER_DEADLINE", "value": "2m"}]}, 120),
    ],
)
def test_its_time_limit(said: object, limit: float | None) -> None:
    found = migration(said)
    assert found is not None
    assert found.limit == limit


def test_under_our_turn_it_is_ours_whatever_its_own_lock() -> None:
    found = migration(["lockmaster", "exec", "--", "python", "manage.py", "migrate"])
    assert found is not None
    assert (found.tool.name, found.ours) == ("Django", True)


LOCKS = {
    "none": {
        "Alembic",
        "Django",
        "Goose",
        "dbmate",
        "TypeORM",
        "Sequelize",
        "MikroORM",
        "Drizzle",
        "Laravel",
        "Doctrine",
    },
    "unknown": {"a package script", "a script", "a subcommand", "an unknown tool"},
}


@pytest.mark.parametrize(("said", "tool"), MIGRATE, ids=[str(said) for said, _ in MIGRATE])
def test_three_replicas_are_wrong_for_who_takes_no_lock_and_doubtful_for_who_may_not(said: object, tool: str) -> None:
    found = migration(said)
    assert found is not None
    stream = found.workload.object.document
    stream.root["spec"]["replicas"] = 3
    severities = [one.severity for one in examine([Stream("x", json.dumps(stream.root))], REPLICAS).findings]
    wanted = ["error"] if tool in LOCKS["none"] else ["warning"] if tool in LOCKS["unknown"] else []
    assert severities == wanted
