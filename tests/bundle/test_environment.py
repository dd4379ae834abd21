"""A program of the image that Lockmaster starts has the pod's environment, and nothing of the bundle's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.prisma.folder import write

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bundle.rooms import Room
    from tests.support.database import Database

pytestmark = pytest.mark.xdist_group("bundle")

POD = {
    "FOO": "bar baz",
    "PATH": "/bin",
    "LD_PRELOAD": "/nowhere/libjemalloc.so.2",
    "LD_LIBRARY_PATH": "/opt/lib",
    "LC_CTYPE": "C",
    "OPENSSL_CONF": "/etc/fips.cnf",
    "PYTHONPATH": "/srv/python",
    "PYTHONHOME": "/usr",
    "TEXT": "é",
}


def shown(text: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)


@pytest.mark.parametrize("pod", [POD, {"PATH": "/bin"}], ids=["full", "bare"])
def test_exec_hands_on_the_pods_environment(
    pod: dict[str, str], make_room: Callable[[str], Room], database: Database
) -> None:
    room = make_room("alpine")
    env = pod | {"DATABASE_URL": database.url, "LOCKMASTER_LOG_FORMAT": "text"}
    done = room.run([room.lockmaster, "exec", "--once", "k", "--", "sh", "-c", "env > /work/seen"], env)
    assert done.returncode == 0, done.stderr
    seen = shown((room.root / "work/seen").read_text())
    own = {name: value for name, value in seen.items() if name not in ("PWD", "OLDPWD", "SHLVL", "_")}  # the shell's
    added = {name: value for name, value in own.items() if name not in env}
    assert all(name.startswith(("LOCKMASTER_", "PG")) for name in added), added
    assert "BUNDLE" not in str(own)
    assert {name: own.get(name) for name in env} == env


@pytest.mark.parametrize("pod", [POD, {"PATH": "/bin"}], ids=["full", "bare"])
def test_up_becomes_a_program_linked_with_musl_in_exactly_that_environment(
    pod: dict[str, str], make_room: Callable[[str], Room]
) -> None:
    room = make_room("alpine")
    (room.root / "lockmaster.yaml").write_text("steps:\n- wait: file:/lockmaster.yaml\n")
    pod = {name: value for name, value in pod.items() if name != "LD_PRELOAD"}  # musl refuses what it does not find
    done = room.run([room.lockmaster, "up", "-q", "--", "show"], pod)
    assert done.returncode == 0, done.stderr
    assert shown(done.stdout) == pod


def test_a_command_that_is_killed_leaves_nothing_behind(make_room: Callable[[str], Room], database: Database) -> None:
    """The guard works without /proc, and without a Python that could be started again."""
    room = make_room("alpine")
    write(room.root / "prisma/migrations", 1)
    env = {"PATH": "/bin", "DATABASE_URL": database.url}
    done = room.run(
        [room.lockmaster, "exec", "--always", "--deadline", "1s", "--grace", "100ms", "--", "sleep", "600"], env
    )
    assert done.returncode == 12, done.stderr


def test_the_bare_interpreter_hands_on_the_pods_environment_too(make_room: Callable[[str], Room]) -> None:
    """`sys.executable` is what libraries start: with -c, with -m, and for processes of their own."""
    room = make_room("alpine")
    again = (
        "import os, subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'import os; os.execvpe(\"show\", [\"show\"], dict(os.environ))'], check=True)"
    )
    pod = {name: value for name, value in POD.items() if name not in ("LD_PRELOAD", "PYTHONHOME", "PYTHONPATH")}
    done = room.run([room.python, "-c", again], pod)
    assert done.returncode == 0, done.stderr
    seen = shown(done.stdout)
    for name in (
        "OPENSSL_CONF",
        "SSL_CERT_FILE",
    ):  # for its own TLS; Lockmaster itself gives each program its environment
        assert seen.pop(name).startswith("/any where/lockmaster/lib/")
    assert seen == {name: value for name, value in pod.items() if name != "OPENSSL_CONF"}
    module = room.run([room.python, "-m", "json.tool", "/any where/lockmaster/BUNDLE.json"])
    assert '"lockmaster"' in module.stdout, module.stderr
