"""Real Prisma, as the judge of what Lockmaster does to `_prisma_migrations`.

`Prisma(workdir, url)` lays out a project in `workdir` and runs the real command line tool in it. The packages
are those of `package-lock.json`, installed once into a cache outside the tree; after that nothing needs a
network.

The engine is Prisma's JavaScript one, which is the same engine as the native one but for the way to the
server. `script` chooses that way. MESSAGE sends a script in one message, as the native engine does: a script
without its own BEGIN is all or nothing. STATEMENTS leaves the published adapter alone: a script which fails
half-way leaves its first half. Texts that differ from the native engine: a failing script is an "external
connector error" and not P3018.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import npm

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).resolve().parent
PRISMA_LOCK_ID = 72707369
"""The advisory lock that Prisma takes on PostgreSQL, and so must we."""

_SCHEMA = 'datasource db {\n  provider = "postgresql"\n  url      = env("DATABASE_URL")\n}\n'
_RUN_SECONDS = 120


class Script(StrEnum):
    """How a script travels to the server."""

    MESSAGE = "message"
    STATEMENTS = "statements"


class PrismaMissingError(Exception):
    """Prisma cannot be had here; the text says why."""


def missing() -> str | None:
    """Why Prisma cannot be had here, or None when it can; installs it into the cache on the first call."""
    try:
        installed()
    except PrismaMissingError as error:
        return str(error)
    return None


def installed() -> Path:
    """The folder whose `node_modules` holds Prisma exactly as locked; two callers at once install it once."""
    try:
        return npm.installed("prisma", HERE, "node_modules/prisma/build/index.js")
    except npm.NpmMissingError as error:
        raise PrismaMissingError(str(error)) from error


def version() -> str:
    """The version of Prisma that is locked."""
    packages = json.loads((HERE / "package-lock.json").read_text())["packages"]
    return str(packages["node_modules/prisma"]["version"])


class Prisma:
    """A Prisma project in `workdir` for the database at `url`; its migrations are in `.migrations`."""

    def __init__(self, workdir: Path, url: str, *, script: Script = Script.MESSAGE) -> None:
        self.workdir = workdir
        self.url = url
        self.script = script
        self.migrations = workdir / "prisma" / "migrations"
        self.migrations.mkdir(parents=True, exist_ok=True)
        self._modules = installed() / "node_modules"
        self._lay_out()

    def _lay_out(self) -> None:
        for file in ("package.json", "prisma.config.ts"):
            shutil.copy(HERE / file, self.workdir)
        schema = self.workdir / "prisma" / "schema.prisma"
        if not schema.exists():
            schema.write_text(_SCHEMA)
        link = self.workdir / "node_modules"
        if not link.exists():
            link.symlink_to(self._modules)

    def deploy(self) -> subprocess.CompletedProcess[str]:
        """`prisma migrate deploy`: 0 when all is applied, 1 for every failure."""
        return self.run("migrate", "deploy")

    def status(self) -> subprocess.CompletedProcess[str]:
        """`prisma migrate status`: 0 "Database schema is up to date!", 1 when pending, failed or diverged."""
        return self.run("migrate", "status")

    def resolve_applied(self, name: str) -> subprocess.CompletedProcess[str]:
        """`prisma migrate resolve --applied NAME`."""
        return self.run("migrate", "resolve", "--applied", name)

    def resolve_rolled_back(self, name: str) -> subprocess.CompletedProcess[str]:
        """`prisma migrate resolve --rolled-back NAME`; refused (P3012) unless NAME has failed."""
        return self.run("migrate", "resolve", "--rolled-back", name)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Any Prisma command to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.workdir,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=_RUN_SECONDS,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Any Prisma command, running; standard error comes with standard output."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.workdir,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def command(self, *arguments: str) -> list[str]:
        """The argument vector: node itself, so that a signal reaches Prisma and not a wrapper."""
        return ["node", str(self._modules / "prisma" / "build" / "index.js"), *arguments]

    def environment(self) -> Mapping[str, str]:
        """What Prisma needs, and nothing of the caller's that would lead it elsewhere."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "DATABASE_URL": self.url,
            "JUDGE_SCRIPT": self.script,
            "CHECKPOINT_DISABLE": "1",
            "NODE_OPTIONS": f"--require {HERE / 'unref-timers.cjs'}",
            "NO_COLOR": "1",
            "PRISMA_HIDE_UPDATE_MESSAGE": "1",
            "PRISMA_QUERY_ENGINE_LIBRARY": shutil.which("true") or "/bin/true",
            "PRISMA_SCHEMA_ENGINE_BINARY": shutil.which("true") or "/bin/true",
        }
