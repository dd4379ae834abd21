"""What a start must not load, and what it may cost: the budget of DESIGN.md section 10 by its causes, not by time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.database import Database

SOURCE = str(Path(__file__).parents[3] / "src")
BARE = {"PATH": os.environ["PATH"], "PYTHONPATH": SOURCE}

LOADED = """
import os, sys
def leave(status):
    print("\\n".join(sys.modules)); sys.stdout.flush(); os._exit(status)
from lockmaster.cli import __main__ as first
first.leave = leave
sys.argv = ["lockmaster", *sys.argv[1:]]
first.main()
"""
IN_A_POD = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1", "POD_UID": "1a2b3c4d-0"}
HEAVY = {
    "argparse", "asyncio", "concurrent.futures", "dataclasses", "difflib", "email", "gettext", "hashlib", "http",
    "importlib.metadata", "inspect", "locale", "logging", "multiprocessing", "pathlib", "random", "rich", "ruamel",
    "shutil", "socket", "ssl", "subprocess", "tempfile", "traceback", "unittest", "urllib", "urllib.parse", "uuid",
}  # fmt: skip


def loaded(*argv: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> set[str]:
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {[SOURCE, *sys.path]!r}\n{LOADED}", *argv]
    environ = {"PATH": os.environ["PATH"]} | (env or {})
    done = subprocess.run(command, env=environ, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_command_line_itself_loads_nothing_heavy(tmp_path: Path) -> None:
    assert not loaded("settings", "--dir", "x", env={"DATABASE_URL": "postgresql://u:p@h/d"}, cwd=tmp_path) & HEAVY


def nothing_to_do(folder: Path, url: str) -> set[str]:
    """Migrate once, then again: what the second run has loaded."""
    (folder / "migrations").mkdir()
    (folder / "migrations/1_init.sql").write_text("CREATE TABLE t (id integer);\n")
    env = {"DATABASE_URL": url, "LOCKMASTER_DIR": f"{folder}/migrations"}
    command = [sys.executable, "-m", "lockmaster", "migrate"]
    first = subprocess.run(command, env=BARE | env, capture_output=True, text=True, check=False, timeout=60)
    assert first.returncode == 0, first.stderr
    return loaded("migrate", env=env | IN_A_POD, cwd=folder)


def test_nothing_to_do_on_sqlite(tmp_path: Path) -> None:
    modules = nothing_to_do(tmp_path, f"sqlite:///{tmp_path}/db")
    assert not modules & HEAVY
    assert not [name for name in modules if name.startswith(("psycopg2", "lockmaster.databases.postgres"))]


def test_nothing_to_do_on_postgres(tmp_path: Path, database: Database) -> None:
    modules = nothing_to_do(tmp_path, database.url)
    assert not modules & HEAVY
    assert not [name for name in modules if name.startswith(("sqlite3", "lockmaster.databases.sqlite"))]
    strangers = ("lockmaster.prepare", "lockmaster.kube", "lockmaster.cli.render_kube", "jinja2")
    assert not [name for name in modules if name.startswith(strangers)]


def test_what_tells_kubernetes_is_cheap_to_load() -> None:
    """It is loaded beside a migration, maybe with a tenth of a core: not by the client that the other commands use."""
    code = (
        "import sys, lockmaster.cli.render_kube, lockmaster.kube.asides\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('lightkube', 'httpx2', 'msgspec', 'yaml', 'asyncio')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=BARE, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_permissions_loads_no_templates_and_envsubst_no_jinja(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("x")
    for command in (("permissions", ".", "--mode", "u+r"), ("render", "t", "made")):
        modules = loaded(*command, cwd=tmp_path)
        assert not [
            name for name in modules if name.startswith(("jinja2", "ruamel", "psycopg2", "lockmaster.databases"))
        ]
        assert ("lockmaster.prepare.steps.render" in modules) == (command[0] == "render")


def test_the_driver_is_loaded_without_ssl_and_ssl_can_be_loaded_later() -> None:
    code = (
        "import sys; from lockmaster.cli.__main__ import load_driver; load_driver('postgresql://h/d')\n"
        "assert 'psycopg2' in sys.modules and 'ssl' not in sys.modules\n"
        "import ssl; ssl.create_default_context"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=BARE, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_command_that_was_run_before(tmp_path: Path, database: Database) -> None:
    """`exec --once` with nothing to do is on every pod's way too: no classes of lockmaster.yaml, no threads, no guard."""
    argv = ["exec", "--once", "k", "--", "true"]
    done = subprocess.run(
        [sys.executable, "-m", "lockmaster", *argv], env=BARE | {"DATABASE_URL": database.url}, capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    modules = loaded(*argv, env=IN_A_POD | {"DATABASE_URL": database.url}, cwd=tmp_path)
    assert not modules & (HEAVY | {"msgspec", "ctypes", "threading", "typing"})
    assert not [name for name in modules if name.startswith(("sqlite3", "lockmaster.prepare.guard", "lockmaster.kube"))]
