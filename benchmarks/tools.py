"""Every tool that is measured, behind one face: write the folder, then the command that applies it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import migrations as formats
from benchmarks import peers
from benchmarks.process import Invocation
from tests.prisma import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.migrations import Migration
    from benchmarks.server import Target

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Tool:
    """`prepare(folder, migrations)` writes the project; `command(folder, target)` applies what is pending."""

    name: str
    prepare: Callable[[Path, Sequence[Migration]], Path]
    command: Callable[[Path, Target], Invocation]
    version: str


class ToolMissingError(Exception):
    """This tool cannot be run here; the text says why."""


def bare_python() -> Tool:
    """The interpreter that Lockmaster runs on, doing nothing: the floor."""

    def command(folder: Path, _: Target) -> Invocation:
        return Invocation([sys.executable, "-I", "-c", "pass"], folder)

    return Tool("bare python", formats.write_psql, command, sys.version.split()[0])


def lockmaster() -> Tool:
    """Lockmaster as a module of this interpreter, on a Prisma folder."""
    return _lockmaster("lockmaster", [sys.executable, "-I", "-m", "lockmaster"])


def lockmaster_script() -> Tool:
    """Lockmaster by its console script, on a Prisma folder."""
    return _lockmaster("lockmaster (script)", [str(Path(sys.executable).with_name("lockmaster"))])


def _lockmaster(name: str, program: list[str]) -> Tool:
    def command(folder: Path, target: Target) -> Invocation:
        arguments = ["migrate", "--dir", str(folder / "prisma" / "migrations"), "--url", target.url()]
        return Invocation([*program, *arguments], folder)

    return Tool(name, formats.write_prisma, command, _version([*program, "--version"]))


def dbmate() -> Tool:
    """dbmate, without the pg_dump that it would run afterwards."""
    program = peers.dbmate()

    def command(folder: Path, target: Target) -> Invocation:
        arguments = ["--url", target.url("postgres", "socket"), "--no-dump-schema", "-d", "migrations", "up"]
        return Invocation([str(program), *arguments], folder)

    return Tool("dbmate", formats.write_dbmate, command, peers.DBMATE)


def goose() -> Tool:
    """goose, as its users run it: no lock."""
    program = peers.goose()

    def command(folder: Path, target: Target) -> Invocation:
        return Invocation([str(program), "-dir", "migrations", "postgres", target.url("postgres"), "up"], folder)

    return Tool("goose", formats.write_goose, command, peers.GOOSE)


def alembic() -> Tool:
    """Alembic with psycopg 3, one transaction per migration, in a process of its own venv."""
    program = peers.alembic()

    def command(folder: Path, target: Target) -> Invocation:
        return Invocation([str(program), "upgrade", "head"], folder, {"BENCH_URL": target.url("postgresql+psycopg")})

    return Tool("alembic", formats.write_alembic, command, peers.ALEMBIC)


def node_pg_migrate() -> Tool:
    """node-pg-migrate on SQL files."""
    program = peers.node_pg_migrate()

    def command(folder: Path, target: Target) -> Invocation:
        return Invocation(["node", str(program), "up", "-m", "migrations"], folder, {"DATABASE_URL": target.url()})

    return Tool("node-pg-migrate", formats.write_node_pg_migrate, command, peers.NODE_PG_MIGRATE)


def prisma() -> Tool:
    """Prisma with its JavaScript engine, which is all that can be had from package indexes alone."""
    if reason := judge.missing():
        raise ToolMissingError(reason)

    def command(folder: Path, target: Target) -> Invocation:
        project = judge.Prisma(folder, target.url())
        return Invocation(project.command("migrate", "deploy"), folder, project.environment())

    return Tool("prisma (js engine)", formats.write_prisma, command, judge.version())


def psql(program: str) -> Tool:
    """`psql -f` of one file with the same blocks: the server's own time and little else."""

    def command(folder: Path, target: Target) -> Invocation:
        return Invocation([program, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "all.sql", target.url()], folder)

    return Tool("psql -f", formats.write_psql, command, _version([program, "--version"]))


OURS: dict[str, Callable[[], Tool]] = {"lockmaster": lockmaster, "lockmaster-script": lockmaster_script}
PEERS: dict[str, Callable[[], Tool]] = {
    "dbmate": dbmate,
    "goose": goose,
    "alembic": alembic,
    "node-pg-migrate": node_pg_migrate,
    "prisma": prisma,
}


@dataclass(frozen=True)
class Toolbox:
    """The tools that are there, and for those that are not, why."""

    tools: list[Tool]
    missing: dict[str, str]


def collect(makers: dict[str, Callable[[], Tool]]) -> Toolbox:
    """Make each tool; the ones that cannot be had are named with their reason."""
    tools, missing = [], {}
    for name, make in makers.items():
        try:
            tools.append(make())
        except (ToolMissingError, peers.PeerMissingError) as error:
            missing[name] = str(error)
    return Toolbox(tools, missing)


def _version(command: list[str]) -> str:
    """The last word that looks like a version in what the program says of itself."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, timeout=60)
    except OSError as error:
        msg = f"{command[0]}: {error.strerror}"
        raise ToolMissingError(msg) from error
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:] or ["no output"]
        msg = f"`{Path(command[0]).name} {' '.join(command[1:])}` exited {done.returncode}: {last[0]}"
        raise ToolMissingError(msg)
    words = [word.strip("()") for word in done.stdout.split()]
    return next((word for word in words if word[:1].isdigit()), "unknown")
