"""Prisma Migrate: its folder and its history table, to the byte (FIELD 1.1 to 1.6)."""

from __future__ import annotations

import os

from lockmaster.engine.model import Migration
from lockmaster.errors import UsageError
from lockmaster.formats import collate, digest, files
from lockmaster.formats.prisma_history import PrismaHistory

__all__ = ["PrismaHistory", "PrismaSource"]

SCRIPT = "migration.sql"
LOCK_FILE = "migration_lock.toml"
_NAME_LENGTH = 255  # migration_name VARCHAR(255), FIELD 1.1
# What migration_lock.toml may say for each dialect: the connector's name, and the alias that a datasource may have.
_PROVIDERS = {"postgres": ("postgresql", "postgres"), "sqlite": ("sqlite",)}


class PrismaSource:
    """`prisma/migrations`: one directory per migration, `migration.sql` in it (FIELD 1.4).

    `database` is the name of the dialect that the folder is for; then `migration_lock.toml` must agree with it.
    """

    __slots__ = ("_database", "_folder")

    format = "prisma"

    def __init__(self, folder: str, database: str = "") -> None:
        self._folder = folder.rstrip("/") or folder
        self._database = database

    def migrations(self) -> tuple[Migration, ...]:
        """Every directory of the folder, in the order of `localeCompare` (FIELD 1.4: listMigrations.ts)."""
        found = files.entries(self._folder)
        if self._database:
            check_provider(self._folder, self._database)
        names = sorted((entry.name for entry in found if _is_migration(entry)), key=collate.key)
        if not names:
            raise UsageError(
                f"no migrations in {self._folder}",
                hint=f"one is a directory with {SCRIPT}: lockmaster new NAME --format prisma makes one",
            )
        return tuple(self._migration(name) for name in names)

    def script(self, migration: Migration) -> bytes:
        """The script as it is. A directory without one is an error only now that it is needed (FIELD 1.4: P3015)."""
        missing = UsageError(
            f"{migration.label} has no {SCRIPT} (Prisma calls this P3015)",
            hint=f"restore {migration.path}, or remove its directory if nothing was ever applied from it",
        )
        return files.read(migration.path, missing=missing)

    def checksum(self, script: bytes) -> str:
        return digest.checksum(script)

    def same(self, stored: str, migration: Migration) -> bool:
        """By Prisma's rule (FIELD 1.5). An applied directory that has lost its script is no longer what was applied."""
        script = files.content(migration.path)
        return script is not None and digest.same(stored, script)

    def compare(self, one: str, other: str) -> int:
        return collate.compare(one, other)

    def _migration(self, name: str) -> Migration:
        path = f"{self._folder}/{name}/{SCRIPT}"
        files.name_fits(name, path, _NAME_LENGTH)
        return Migration(name, name, path)


def _is_migration(entry: os.DirEntry[str]) -> bool:
    """Whether Prisma would see a directory here.

    It does not follow links (node's Dirent.isDirectory), so that `latest -> 20240101_x` is not applied a second time.
    The one exception is a mounted ConfigMap: there everything is a link into `..data`, which Prisma cannot read, and
    the `..` directories are Kubernetes' own.
    """
    if entry.name.startswith(".."):
        return False
    if entry.is_symlink():
        return files.is_folder(entry) and os.readlink(entry.path).startswith("..data/")
    return entry.is_dir(follow_symlinks=False)


def check_provider(folder: str, database: str) -> None:
    """Raise UsageError when the folder was written for another database (FIELD 1.4: P3019). No file, no check."""
    path = f"{folder}/{LOCK_FILE}"
    found = provider(folder)
    if found is None or found in _PROVIDERS.get(database, ()):
        return
    wanted = _PROVIDERS.get(database, (database,))[0]
    if not found:
        raise UsageError(f"{path} names no provider (Prisma calls this P3019)", hint=f'provider = "{wanted}"')
    raise UsageError(
        f"the migrations in {folder} are for {found}, the database is {wanted} (Prisma calls this P3019)",
        hint=f"give the URL of a {found} database, or a folder that was made for {wanted}; {path} says which it is",
    )


def provider(folder: str) -> str | None:
    """What `migration_lock.toml` says: the first line that starts with `provider` (FIELD 1.4). None without a file."""
    content = files.content(f"{folder}/{LOCK_FILE}")
    if content is None:
        return None
    lines = (line for line in content.decode("utf-8", "replace").splitlines() if line.startswith("provider"))
    return next(lines, "").removeprefix("provider").strip(" =\t").strip("\"'")
