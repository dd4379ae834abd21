"""Where a project keeps its migrations when nobody said so: found as Prisma finds them, else where people put them.

Prisma looks (6.19, @prisma/config and getSchema.ts) at the schema named by prisma.config.ts, else by "prisma.schema" of
the nearest package.json, else at schema.prisma, else at prisma/schema.prisma; the migrations are in `migrations` beside
the file with the datasource, unless prisma.config.ts says otherwise. Nothing is executed, and nothing is guessed: a
configuration that this reader does not understand is an error that asks for --dir.
"""

from __future__ import annotations

import os.path

from lockmaster.errors import UsageError
from lockmaster.formats import files
from lockmaster.formats.detect import detect
from lockmaster.values import NamedTuple

_PLACES = ("schema.prisma", "prisma/schema.prisma", "prisma/schema")  # the last: a schema of several files
_NATIVE = ("migrations", "db/migrations")


class Project(NamedTuple):
    """What was found, and by what (`origin`). Fields that say nothing are empty."""

    dir: str
    format: str
    schema_file: str = ""
    url_env: str = ""  # the variable that the project reads its database's URL from
    direct_url_env: str = ""  # the one that goes around the pooler
    provider: str = ""  # as the schema says it: postgresql, sqlite, mysql, ...
    origin: str = ""


def discover(start: str) -> Project | None:
    """The project in the folder `start`; None where there is none. Raises UsageError where its settings are unclear."""
    return _prisma(start) or _bare_prisma(start) or _native(start)


def _prisma(start: str) -> Project | None:
    from lockmaster.formats import prisma_config

    config = prisma_config.of_config_file(start) or prisma_config.of_package(start)
    schema, origin = (config.schema, config.origin) if config else ("", "")
    if schema and not os.path.exists(schema):
        raise UsageError(f"{origin} names the schema {schema}, which does not exist", hint="correct it, or give --dir")
    if not schema:
        schema = next((path for place in _PLACES if os.path.exists(path := os.path.join(start, place))), "")
        origin = origin or schema
    if not schema and not (config and config.migrations):
        return None
    file, source = prisma_config.datasource_file(schema) if schema else ("", prisma_config.Datasource())
    folder = config.migrations if config and config.migrations else os.path.join(os.path.dirname(file), "migrations")
    return Project(
        dir=folder,
        format="prisma",
        schema_file=file,
        url_env=(config.url_env if config else "") or source.url_env,
        direct_url_env=(config.direct_url_env if config else "") or source.direct_url_env,
        provider=source.provider,
        origin=origin,
    )


def _bare_prisma(start: str) -> Project | None:
    """An image into which only the migrations were copied."""
    folder = os.path.join(start, "prisma/migrations")
    return Project(folder, "prisma", origin=folder) if os.path.isdir(folder) else None


def _native(start: str) -> Project | None:
    for place in _NATIVE:
        folder = os.path.join(start, place)
        if os.path.isdir(folder) and files.entries(folder):
            return Project(folder, detect(folder), origin=folder)
    return None
