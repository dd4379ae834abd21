"""The same small migrations, in each tool's own format."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LOCK_FILE = 'provider = "postgresql"\n'


@dataclass(frozen=True)
class Migration:
    """One statement each, so that nothing but the tool's own work differs."""

    version: str
    name: str
    sql: str


def sequence(count: int) -> list[Migration]:
    """`count` small migrations: of five, one makes a table and four change it."""
    return [_migration(index) for index in range(count)]


def _migration(index: int) -> Migration:
    table, step = f"t{index // 5:05}", index % 5
    name, sql = _STEPS[step]
    return Migration(f"{20240101000000 + index}", f"{name}_{table}", sql.format(table=table))


_STEPS = (
    ("create", "CREATE TABLE {table} (id bigint PRIMARY KEY, name text NOT NULL);"),
    ("add_column", "ALTER TABLE {table} ADD COLUMN created_at timestamptz;"),
    ("add_index", "CREATE INDEX {table}_name ON {table} (name);"),
    ("set_default", "ALTER TABLE {table} ALTER COLUMN created_at SET DEFAULT now();"),
    ("seed", "INSERT INTO {table} (id, name) VALUES (1, 'first');"),
)


def write_prisma(folder: Path, migrations: Sequence[Migration]) -> Path:
    """`<version>_<name>/migration.sql` and the lock file, in `folder/prisma/migrations`."""
    target = _made(folder / "prisma" / "migrations")
    (target / "migration_lock.toml").write_text(LOCK_FILE)
    for migration in migrations:
        one = _made(target / f"{migration.version}_{migration.name}")
        (one / "migration.sql").write_text(f"-- {migration.name}\n{migration.sql}\n")
    return target


def write_native(folder: Path, migrations: Sequence[Migration]) -> Path:
    """`<version>_<name>.sql`: Lockmaster's own."""
    return _write_each(folder / "migrations", migrations, "{0.sql}\n", ".sql")


def write_goose(folder: Path, migrations: Sequence[Migration]) -> Path:
    """goose's annotated SQL."""
    return _write_each(folder / "migrations", migrations, "-- +goose Up\n{0.sql}\n\n-- +goose Down\n", ".sql")


def write_dbmate(folder: Path, migrations: Sequence[Migration]) -> Path:
    """dbmate's annotated SQL."""
    return _write_each(folder / "migrations", migrations, "-- migrate:up\n{0.sql}\n\n-- migrate:down\n", ".sql")


def write_node_pg_migrate(folder: Path, migrations: Sequence[Migration]) -> Path:
    """node-pg-migrate's SQL files."""
    text = "-- Up Migration\n{0.sql}\n\n-- Down Migration\n"
    target = _made(folder / "migrations")
    for migration in migrations:
        file = target / f"{int(migration.version) - 20240101000000 + 1700000000000}_{migration.name}.sql"
        file.write_text(text.format(migration))
    return target


def write_alembic(folder: Path, migrations: Sequence[Migration]) -> Path:
    """An Alembic environment with one revision per migration; the URL comes from BENCH_URL."""
    target = _made(folder / "alembic")
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/alembic\n")
    (target / "env.py").write_text(_ALEMBIC_ENV)
    versions, before = _made(target / "versions"), None
    for migration in migrations:
        text = _ALEMBIC_REVISION.format(
            migration, revision=migration.version, before=before, sql=json.dumps(migration.sql)
        )
        (versions / f"{migration.version}_{migration.name}.py").write_text(text)
        before = migration.version
    return target


def write_psql(folder: Path, migrations: Sequence[Migration]) -> Path:
    """One file for `psql -f`: a history table, and for each migration a block that also records it."""
    blocks = (
        f"BEGIN;\n{one.sql}\nINSERT INTO history (name) VALUES ('{one.version}_{one.name}');\nCOMMIT;\n"
        for one in migrations
    )
    file = _made(folder) / "all.sql"
    file.write_text(f"CREATE TABLE history (name text PRIMARY KEY, at timestamptz DEFAULT now());\n{''.join(blocks)}")
    return file


def _write_each(target: Path, migrations: Sequence[Migration], text: str, suffix: str) -> Path:
    _made(target)
    for migration in migrations:
        (target / f"{migration.version}_{migration.name}{suffix}").write_text(text.format(migration))
    return target


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


_ALEMBIC_ENV = """\
import os
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(os.environ["BENCH_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""

_ALEMBIC_REVISION = '''\
"""{0.name}"""
from alembic import op

revision = "{revision}"
down_revision = {before!r}
branch_labels = None
depends_on = None


def upgrade():
    op.execute({sql})


def downgrade():
    pass
'''
