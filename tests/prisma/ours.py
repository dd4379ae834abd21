"""Lockmaster's own command line on a Prisma folder, for tests that set it beside the original."""

import os
import subprocess
import sys
from pathlib import Path

_RUN_SECONDS = 90
_INHERITED = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")


class Lockmaster:
    """The real CLI, as a process, for one folder and one database."""

    def __init__(self, migrations: Path, url: str) -> None:
        self.migrations, self.url = migrations, url

    def migrate(self, *options: str, url: str | None = None) -> subprocess.CompletedProcess[str]:
        return self.run("migrate", *options, url=url)

    def check(self) -> subprocess.CompletedProcess[str]:
        """`status --check`: 0 when the schema is at the folder's level, 3 when it is behind."""
        return self.run("status", "--check")

    def resolve_applied(self, name: str) -> subprocess.CompletedProcess[str]:
        return self.run("resolve", "--applied", name)

    def resolve_rolled_back(self, name: str) -> subprocess.CompletedProcess[str]:
        return self.run("resolve", "--rolled-back", name)

    def baseline(self, to: str) -> subprocess.CompletedProcess[str]:
        return self.run("baseline", "--to", to)

    def run(self, *arguments: str, url: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run to the end; standard error comes with standard output."""
        return subprocess.run(
            self._command(*arguments, url=url or self.url),
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_RUN_SECONDS,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it; standard error comes with standard output."""
        return subprocess.Popen(
            self._command(*arguments, url=self.url),
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _command(self, *arguments: str, url: str) -> list[str]:
        place = ["--dir", str(self.migrations), "--url", url]
        return [sys.executable, "-I", "-m", "lockmaster", *arguments, *place]

    def _environment(self) -> dict[str, str]:
        return {name: os.environ[name] for name in _INHERITED if name in os.environ}
