"""The other tools, at one version each, installed once into a cache outside the tree.

`python -m benchmarks.peers` installs all of them. Nothing is ever faked: a tool that cannot be had raises
PeerMissingError with the reason, and the tables print that reason.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

GOOSE, DBMATE, NODE_PG_MIGRATE, PG, ALEMBIC, PSYCOPG = (
    "3.29.0",
    "2.36.0",
    "9.0.0",
    "8.23.1",
    "1.20.1",
    "3.3.9",
)

_GOOSE_TAGS = "no_ydb,no_clickhouse,no_mssql,no_vertica,no_libsql,no_duckdb"
_INSTALL_SECONDS = 900


class PeerMissingError(Exception):
    """This tool cannot be had here; the text says why."""


def cache() -> Path:
    """Where the tools are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lockmaster-bench"


@functools.cache
def goose() -> Path:
    """The goose program, built from its Go module (a minute or two at first)."""
    folder = cache() / f"goose-{GOOSE}"
    program = folder / "goose"
    if not program.is_file():
        package = f"github.com/pressly/goose/v3/cmd/goose@v{GOOSE}"
        _run(["go", "install", "-tags", _GOOSE_TAGS, package], folder, {"GOBIN": str(folder)})
    return _there(program)


@functools.cache
def dbmate() -> Path:
    """The dbmate program itself, as its npm package ships it (not the script around it)."""
    folder = _npm(f"dbmate-{DBMATE}", {"dbmate": DBMATE})
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return _there(folder / "node_modules" / "@dbmate" / f"{sys.platform}-{machine}" / "bin" / "dbmate")


@functools.cache
def node_pg_migrate() -> Path:
    """The script that node runs."""
    packages = {"node-pg-migrate": NODE_PG_MIGRATE, "pg": PG}
    folder = _npm(f"node-pg-migrate-{NODE_PG_MIGRATE}", packages)
    return _there(folder / "node_modules" / "node-pg-migrate" / "bin" / "node-pg-migrate.js")


@functools.cache
def alembic() -> Path:
    """The alembic script of a venv of its own, with psycopg 3 beside it."""
    folder = cache() / f"alembic-{ALEMBIC}-psycopg-{PSYCOPG}"
    program = folder / "bin" / "alembic"
    if not program.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        packages = [f"alembic=={ALEMBIC}", f"psycopg[binary]=={PSYCOPG}"]
        _run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages], folder)
    return _there(program)


INSTALLERS: dict[str, Callable[[], Path]] = {
    "dbmate": dbmate,
    "goose": goose,
    "alembic": alembic,
    "node-pg-migrate": node_pg_migrate,
}


def _npm(name: str, packages: dict[str, str]) -> Path:
    folder = cache() / name
    if not (folder / "node_modules" / ".package-lock.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": packages}))
        _run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
    return folder


def _run(command: list[str], folder: Path, extra: dict[str, str] | None = None) -> None:
    if shutil.which(command[0]) is None:
        msg = f"{command[0]} is not installed"
        raise PeerMissingError(msg)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | (extra or {}),
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        msg = f"{command[0]} did not end within {_INSTALL_SECONDS} s"
        raise PeerMissingError(msg) from error
    if done.returncode != 0:
        msg = f"{' '.join(command[:2])} exited {done.returncode}: {done.stderr.strip()[-300:]}"
        raise PeerMissingError(msg)


def _there(program: Path) -> Path:
    if not program.is_file():
        msg = f"installed, but there is no {program.name} in it for this machine"
        raise PeerMissingError(msg)
    return program


def main() -> int:
    """Install everything; 1 when something cannot be had."""
    failed = 0
    for name, install in INSTALLERS.items():
        try:
            install()
        except PeerMissingError as error:
            print(f"{name}: not available: {error}")
            failed = 1
        else:
            print(f"{name}: ready")
    return failed


if __name__ == "__main__":
    sys.exit(main())
