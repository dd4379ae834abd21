"""How much memory each way to migrate needs at its peak: all its processes together, as a container's limit counts them.

    python -m benchmarks.memory

What the command and all that it started have for themselves, and once what they share, looked at every few
milliseconds; the most of three runs. What it prints goes to src/lockmaster/manifests/check/measured.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import migrations as formats
from benchmarks import tools
from benchmarks.server import Server
from tests.prisma import judge
from tests.support import npm

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.server import Target

    Prepare = Callable[[Path, Target], tuple[list[str], dict[str, str]]]

_MIGRATIONS, _RUNS = 50, 3


def main() -> None:
    """Measure each, on fresh databases, and print what was found."""
    with Server() as server, tempfile.TemporaryDirectory() as name:
        print(f"PostgreSQL {server.version()}, {_MIGRATIONS} migrations, the most of {_RUNS} runs, MiB")
        for number, (tool, prepare) in enumerate(_TOOLS.items()):
            peaks = []
            for run in range(_RUNS):
                database = f"m{number}_{run}"
                server.fresh(database)
                folder = Path(name) / database
                folder.mkdir()
                argv, env = prepare(folder, server.target(database))
                peaks.append(peak(argv, folder, env))
            print(f"{tool:40} {max(peaks) / 1024:6.0f}")


def peak(argv: list[str], folder: Path, env: dict[str, str]) -> int:
    """The most that the command and its children had, in KiB. Raises when it does not exit 0."""
    inherited = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    most = 0
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(argv, cwd=folder, env=inherited | env, stdout=output, stderr=output)
        while process.poll() is None:
            most = max(most, _together(_family(process.pid)))
            time.sleep(0.003)
    if process.returncode:
        raise SystemExit(f"{argv}: {(folder / 'output').read_text()[-800:]}")
    return most


def _family(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found


def _together(pids: list[int]) -> int:
    """What is a process's own, of all of them, and once what they share: programs and libraries."""
    own, shared = 0, [0]
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        fields = dict(re.findall(r"^(\w+): +(\d+) kB$", text, re.MULTILINE))
        own += int(fields.get("Private_Clean", 0)) + int(fields.get("Private_Dirty", 0))
        shared.append(int(fields.get("Shared_Clean", 0)) + int(fields.get("Shared_Dirty", 0)))
    return own + max(shared)


def _benched(make: Callable[[], tools.Tool]) -> Prepare:
    def prepare(folder: Path, target: Target) -> tuple[list[str], dict[str, str]]:
        tool = make()
        tool.prepare(folder, formats.sequence(_MIGRATIONS))
        invocation = tool.command(folder, target)
        return invocation.argv, dict(invocation.env)

    return prepare


def _prisma(folder: Path, target: Target) -> tuple[list[str], dict[str, str]]:
    project = judge.Prisma(folder, target.url())
    formats.write_prisma(folder, formats.sequence(_MIGRATIONS))
    return ["npx", "prisma", "migrate", "deploy"], dict(project.environment())


def _npm(folder: Path, target: Target) -> tuple[list[str], dict[str, str]]:
    lock = tools.ROOT / "tests" / "steps" / "exec" / "npm"
    cached = npm.installed("npm-run-migrate", lock, "node_modules/node-pg-migrate/package.json")
    for file in ("package.json", "package-lock.json"):
        (folder / file).write_bytes((cached / file).read_bytes())
    (folder / "node_modules").symlink_to(cached / "node_modules")
    formats.write_node_pg_migrate(folder, formats.sequence(_MIGRATIONS))
    return ["npm", "run", "migrate"], {"DATABASE_URL": target.url()}


_TOOLS: dict[str, Prepare] = {
    "lockmaster migrate": _benched(tools.lockmaster),
    "npx prisma migrate deploy": _prisma,
    "npm run migrate (node-pg-migrate)": _npm,
    "node-pg-migrate up": _benched(tools.node_pg_migrate),
    "alembic upgrade head": _benched(tools.alembic),
    "goose up": _benched(tools.goose),
    "dbmate up": _benched(tools.dbmate),
}

if __name__ == "__main__":
    main()
