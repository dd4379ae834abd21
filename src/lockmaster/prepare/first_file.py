"""The text of a first lockmaster.yaml: what is in a folder, as steps that can be run as they are."""

from __future__ import annotations

import json
import os

from lockmaster.errors import UsageError

HEAD = """\
# What happens before the application starts: lockmaster up [-- COMMAND]
# `lockmaster schema > lockmaster.schema.json` makes what editors complete by:
# yaml-language-server: $schema=lockmaster.schema.json

steps:
"""
TAIL = """
  # What else a step can be; each has a page in the documentation:
  # - wait: tcp://redis:6379
  # - fetch: {from: "https://example.com/model.bin", to: model.bin, sha256: "..."}
  # - render: {from: app.conf.template, to: app.conf}
  # - permissions: {paths: /data, owner: "1000", recursive: true}
"""
_FOLDERS = ("migrations", "db/migrations", "db/migrate", "database/migrations", "prisma/migrations")
_SCRIPTS = (
    "migrate",
    "db:migrate",
    "migrate:up",
    "migrate:latest",
    "migrate:deploy",
    "migration:run",
    "migrations:run",
)
# a file that only this tool has, and its command
_TOOLS = (
    ("alembic.ini", "alembic upgrade head"),
    ("manage.py", "python manage.py migrate --noinput"),
    ("bin/rails", "bin/rails db:migrate"),
    ("knexfile.js", "npx knex migrate:latest"),
    ("flyway.conf", "flyway migrate"),
    ("liquibase.properties", "liquibase update"),
)


def first_file(folder: str) -> str:
    """Raises UsageError when nothing is found that could be a step."""
    step = _native_step(folder) or _npm_step(folder) or _tool_step(folder)
    if not step:
        hint = "it looks for migrations, and for the files of tools that run some; lockmaster help lists what steps there are"
        raise UsageError("nothing here that a step could be made of", hint=hint)
    return HEAD + step + TAIL


def _native_step(folder: str) -> str:
    """Migrations that Lockmaster runs itself, where the format's own tool would find them."""
    from lockmaster.formats import detect, discover

    try:
        project = discover.discover(folder)
    except UsageError:
        return ""
    if project is not None:
        where = os.path.relpath(project.dir, folder)
        return f"  # {project.format}, found by {os.path.relpath(project.origin, folder)}\n  - migrate: {where}\n"
    for name in _FOLDERS:
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            try:
                return f"  # {detect.detect(path, 'auto')}\n  - migrate: {name}\n"
            except UsageError:
                continue
    return ""


def _npm_step(folder: str) -> str:
    """The script of package.json that migrates."""
    try:
        with open(os.path.join(folder, "package.json"), encoding="utf-8") as file:
            scripts = json.load(file).get("scripts", {})
    except (OSError, ValueError, AttributeError):
        return ""
    name = next((name for name in _SCRIPTS if isinstance(scripts, dict) and name in scripts), "")
    return _exec(folder, "package.json", f"npm run {name}") if name else ""


def _tool_step(folder: str) -> str:
    for file, command in _TOOLS:
        if os.path.exists(os.path.join(folder, file)):
            return _exec(folder, file, command)
    return ""


def _exec(folder: str, origin: str, command: str) -> str:
    """One replica at a time; once per content of the folder of migrations, where there is one."""
    of = next((name for name in _FOLDERS if os.path.isdir(os.path.join(folder, name))), "")
    key = f"      once_of: [{of}]\n" if of else ""
    return f"  # from {origin}; one replica at a time runs it\n  - exec:\n      command: {command}\n{key}"
