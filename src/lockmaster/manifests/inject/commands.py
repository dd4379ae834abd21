"""What a team's own command migrates, as far as it can be told from its words."""

from __future__ import annotations

import os.path
import shlex

from lockmaster.errors import UsageError
from lockmaster.values import NamedTuple

_SHELLS = ("sh", "bash", "ash", "dash")
_STARTERS = (
    "npx",
    "pnpx",
    "bunx",
    "npm",
    "pnpm",
    "yarn",
    "bun",
    "exec",
    "x",
    "dlx",
    "run",
    "node",
    "--",
    "-y",
    "--yes",
    "--no",
    "--no-install",
)
_SIDE = ("cd", "set", "echo", "true", ":")  # parts of a script that nobody misses
_OPERATORS = ("&&", ";", "||", "|", "&", "\n")


class Migrations(NamedTuple):
    """Where a command has its migrations: a folder, as the command would find it from its working directory."""

    folder: str
    format: str
    assumed: str  # said to who asked


def parts(words: list[str]) -> list[list[str]]:
    """The commands that these words run, without a shell around them, `cd`, `set -e` and the like."""
    if not _is_shell(words):
        return [words] if words else []
    found: list[list[str]] = [[]]
    for word in _split(words[2]):
        if word in _OPERATORS:
            found.append([])
        else:
            found[-1].append(word)
    return [part[1:] if part[0] == "exec" else part for part in found if part and part[0] not in _SIDE]


def folder_of_cd(words: list[str]) -> str:
    """Where a script goes first, with `cd`; empty for nowhere."""
    script = _split(words[2]) if _is_shell(words) else []
    return script[script.index("cd") + 1] if "cd" in script[:-1] else ""


def migrations(words: list[str], place: str) -> Migrations | None:
    """What the command migrates; None where that is not known. Raises UsageError where it does more, or something else."""
    found = parts(words)
    told = [_prisma(part, place) for part in found]
    known = next((one for one in told if one), None)
    others = [part for part, one in zip(found, told, strict=True) if not one]
    if len(found) > 1:
        lost = " ".join((others or found)[0])
        hint = (
            "--wrap keeps all of it; or give what is no migration an init container of its own, and replace the other"
        )
        raise UsageError(f"{place}: the command does more than migrate: {lost!r} would not run any more", hint=hint)
    if known and (cd := folder_of_cd(words)):
        return known._replace(folder=os.path.join(cd, known.folder))
    return known


def _prisma(words: list[str], place: str) -> Migrations | None:
    """`npx prisma migrate deploy --schema=./db/schema.prisma`, in its many dresses."""
    at = next((n for n, word in enumerate(words) if os.path.basename(word).partition("@")[0] == "prisma"), None)
    if at is None or any(word not in _STARTERS for word in words[:at]):
        return None
    asked, options = words[at + 1 : at + 3], words[at + 3 :]
    if asked[:1] == ["db"]:
        hint = "make migrations first: npx prisma migrate dev"
        raise UsageError(f"{place}: prisma db push keeps no migrations", hint=hint)
    if asked != ["migrate", "deploy"]:
        return None
    for number, option in enumerate(options):
        name, equals, value = option.partition("=")
        if name == "--config":
            raise UsageError(
                f"{place}: the folder is in Prisma's {option}, in the image", hint="--dir prisma/migrations"
            )
        if name == "--schema":
            schema = os.path.normpath(value if equals else "".join(options[number + 1 : number + 2]))
            folder = os.path.dirname(schema) if schema.endswith(".prisma") else schema
            return Migrations(os.path.join(folder, "migrations"), "prisma", f"beside {schema}")
    return Migrations("prisma/migrations", "prisma", "as Prisma does without --schema")


def _is_shell(words: list[str]) -> bool:
    return (
        len(words) > 2 and os.path.basename(words[0]) in _SHELLS and words[1].startswith("-") and words[1].endswith("c")
    )


def _split(script: str) -> list[str]:
    lexer = shlex.shlex(script.replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:
        return [script]
