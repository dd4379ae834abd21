"""Which tool's layout a folder has. Where that is not certain, an error that lists what was seen: never a guess."""

from __future__ import annotations

import os

from lockmaster.errors import UsageError
from lockmaster.formats import files
from lockmaster.formats.names import version_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import DirEntry

FORMATS = ("native", "prisma")
_HEAD = 4096
# Layouts of other tools by one file that only they have (FIELD sections 2 to 12).
_LANDMARKS = {
    "migration_lock.toml": "prisma",
    "env.py": "alembic",
    "script.py.mako": "alembic",
    "atlas.sum": "atlas",
    "_journal.json": "drizzle",
    "__init__.py": "django",
    "flyway.conf": "flyway",
    "flyway.toml": "flyway",
}
_INSIDE = (("migration.sql", "prisma"), ("up.sql", "diesel"), ("_journal.json", "drizzle"))
_SUFFIXES = {".rb": "rails", ".js": "a JavaScript tool", ".mjs": "a JavaScript tool", ".ts": "a JavaScript tool"}
_SUFFIXES |= {".cjs": "a JavaScript tool", ".go": "goose", ".xml": "liquibase"}
# A script of these has both directions in one file: run as it is, it would undo itself.
_MARKS = (
    (b"-- +goose", "goose"),
    (b"--+goose", "goose"),
    (b"migrate:up", "dbmate"),
    (b"--liquibase formatted sql", "liquibase"),
    (b"-- Up Migration", "node-pg-migrate"),
)
_NEAR = ("prisma/migrations", "migrations", "db/migrations", "prisma", "sql")


def detect(folder: str, wanted: str = "auto") -> str:
    """The format of the folder: `native` or `prisma`. Raises UsageError: another tool's, several, or none.

    `wanted` is believed when it names one; then the folder is not looked at.
    """
    if wanted in FORMATS:
        return wanted
    if wanted != "auto":
        raise UsageError(f"unknown format {wanted!r}", hint=f"--format is one of: auto, {', '.join(FORMATS)}")
    found = files.entries(folder)
    seen = _seen(found)
    ours = [tool for tool in seen if tool in FORMATS]
    if len(seen) == 1 and ours:
        return ours[0]
    if ours == ["prisma"] and any(entry.name == "migration_lock.toml" for entry in found):
        return "prisma"  # its own mark; a stray seed.ts beside it is what Prisma does not look at either
    if not seen and any(entry.name.lower().endswith(".sql") for entry in found):
        return "native"  # whose error names the file and a name that would fit
    raise _undecided(folder, found, seen, ours)


def _seen(found: list[DirEntry[str]]) -> dict[str, str]:
    """Each tool that left a trace here, with one example."""
    seen: dict[str, str] = {}
    for entry in sorted(found, key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        tool, example = _tool(entry, seen)
        if tool:
            seen.setdefault(tool, example)
    return seen


def _tool(entry: DirEntry[str], seen: dict[str, str]) -> tuple[str, str]:
    name = entry.name
    if files.is_folder(entry):
        # One look into the first directory is enough: there may be a thousand.
        return ("", "") if "prisma" in seen else _inside(entry)
    stem, suffix = os.path.splitext(name)
    if name in _LANDMARKS:
        return _LANDMARKS[name], name
    if suffix.lower() == ".sql":
        return _sql(entry, stem, seen), name
    if suffix == ".py" and version_of(stem):
        return "django", name
    return _SUFFIXES.get(suffix, ""), name


def _inside(entry: DirEntry[str]) -> tuple[str, str]:
    if entry.name == "repeatable":
        return "native", "repeatable/"
    for name, tool in _INSIDE:
        if os.path.exists(f"{entry.path}/{name}"):
            return tool, f"{entry.name}/{name}"
    return "", ""


def _sql(entry: DirEntry[str], stem: str, seen: dict[str, str]) -> str:
    lower = stem.lower()
    if lower.endswith(".up"):
        return "golang-migrate"
    if lower.endswith(".down"):
        return ""
    if stem[:1] in "VRUB" and "__" in stem:
        return "flyway"
    if "native" in seen or not version_of(stem):
        return ""
    head = files.content(entry.path, _HEAD) or b""
    return next((tool for mark, tool in _MARKS if mark in head), "native")


def _undecided(folder: str, found: list[DirEntry[str]], seen: dict[str, str], ours: list[str]) -> UsageError:
    traces = ", ".join(f"{tool} ({example})" for tool, example in seen.items())
    if ours:
        choose = " or ".join(f"--format {tool}" for tool in ours)
        return UsageError(f"cannot tell the format of {folder}: it has traces of {traces}", hint=f"say {choose}")
    if seen:
        return UsageError(
            f"{folder} looks like {traces}, which this version does not run yet",
            hint="it runs native (<version>_<name>.sql) and prisma (directories with migration.sql)",
        )
    near = [f"{folder}/{name}" for name in _NEAR if os.path.isdir(f"{folder}/{name}")]
    if near:
        return UsageError(f"no migrations in {folder}", hint=f"did you mean --dir {near[0]}?")
    names = sorted(entry.name for entry in found if not entry.name.startswith("."))
    there = f"it has {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}" if names else "it is empty"
    return UsageError(
        f"no migrations in {folder}: {there}",
        hint="--dir names <version>_<name>.sql files, or directories with migration.sql; a new folder needs --format",
    )
