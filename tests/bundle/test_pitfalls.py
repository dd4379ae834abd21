"""What an image holds must not come into the bundle's process, and what it does not hold must not be missed."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.certificates import Authority
from tests.support.needs import need_program
from tests.support.unprivileged import own

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bundle.rooms import Room
    from tests.support.database import Database
    from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.xdist_group("bundle")

IMPOSSIBLE = """openssl_conf = a
[a]
ssl_conf = b
[b]
system_default = c
[c]
MinProtocol = TLSv1.3
MaxProtocol = TLSv1.2
"""
POISON = """
#include <unistd.h>
__attribute__((constructor)) static void taken(void) { write(2, "POISON\\n", 7); }
"""


def poison(path: Path) -> None:
    """Make a library that says so when it is loaded."""
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [need_program("gcc", "gcc"), "-shared", "-fPIC", "-x", "c", "-", "-o", path]
    subprocess.run(command, input=POISON, text=True, check=True)
    path.chmod(0o755)


def test_an_images_ld_preload_does_not_come_into_it(make_room: Callable[[str], Room]) -> None:
    """Images set it for jemalloc, which is built for their C library and not for ours."""
    room = make_room("empty")
    poison(room.root / "lib/evil.so")
    code = "import os, sys; os.execve(sys.argv[1], sys.argv[1:], {'LD_PRELOAD': '/lib/evil.so', 'LD_AUDIT': '/lib/evil.so'})"
    done = room.run([room.python, "-c", code, room.lockmaster, "version"])
    assert (done.returncode, done.stderr) == (0, "")


def test_libraries_of_the_image_are_not_taken_for_ours(make_room: Callable[[str], Room]) -> None:
    room = make_room("empty")
    for name in ("libz.so.1", "libpthread.so.0", "libssl.so.3", "libsqlite3.so.0"):
        poison(room.root / "lib/x86_64-linux-gnu" / name)
    code = "import ssl, zlib, sqlite3, psycopg2"
    done = room.run([room.python, "-c", code], {"LD_LIBRARY_PATH": "/lib/x86_64-linux-gnu"})
    assert "POISON" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr


def test_modules_that_nsswitch_conf_names_are_not_loaded(make_room: Callable[[str], Room]) -> None:
    room = make_room("empty")
    etc = room.folder("etc")
    (etc / "nsswitch.conf").write_text("hosts: evil files\npasswd: evil files\n")
    (etc / "hosts").write_text("10.9.8.7 database\n")
    for folder in ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib64", "usr/lib64"):
        poison(room.root / folder / "libnss_evil.so.2")
    code = "import socket, os; print(socket.gethostbyname('database')); os.path.expanduser('~x')"
    done = room.run([room.python, "-c", code])
    assert (done.returncode, done.stdout, done.stderr) == (0, "10.9.8.7\n", "")


def test_threads_end_where_the_image_has_no_libgcc(make_room: Callable[[str], Room]) -> None:
    """The C library loads libgcc_s by itself for that, and aborts the process where there is none."""
    code = (
        "import threading, ctypes\n"
        "def work(): ctypes.CDLL(None).pthread_exit(None)\n"
        "t = threading.Thread(target=work, daemon=True); t.start(); t.join(2); import os; os._exit(0)"
    )
    room = make_room("empty")
    done = room.run([room.python, "-c", code])
    assert (done.returncode, done.stderr) == (0, "")


def test_processes_of_pythons_own_making(make_room: Callable[[str], Room]) -> None:
    """`spawn` starts sys.executable again."""
    room = make_room("empty")
    script = (
        "import multiprocessing as m\n"
        "def f(q): q.send(6 * 7)\n"
        "if __name__ == '__main__':\n"
        "    c = m.get_context('spawn'); a, b = c.Pipe(); p = c.Process(target=f, args=(b,)); p.start(); print(a.recv())\n"
    )
    (room.root / "spawn.py").write_text(script)
    done = room.run([room.python, "/spawn.py"])
    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr


def test_a_process_whose_user_has_no_name_is_told_to_name_one(
    make_room: Callable[[str], Room], database: Database
) -> None:
    """No /etc/passwd, so libpq cannot guess the user; waiting for the database would not help."""
    room = make_room("empty")
    (room.folder("sql") / "1_init.sql").write_text("CREATE TABLE t (id integer);\n")
    _, _, rest = database.url.partition("@")
    env = {"DATABASE_URL": f"postgresql://{rest}", "LOCKMASTER_LOG_FORMAT": "text"}
    done = room.run([room.lockmaster, "status", "--dir", "/sql"], env)
    assert done.returncode == 2, done.stderr
    assert "names no user" in done.stderr
    named = room.run([room.lockmaster, "status", "--dir", "/sql"], {"DATABASE_URL": database.url})
    assert named.returncode == 0, named.stderr


def test_tls_finds_its_files_where_the_image_has_them_else_in_the_bundle(
    make_room: Callable[[str], Room], make_server: Callable[..., PostgresServer]
) -> None:
    """`system` is the image's authorities, else the bundle's; and no openssl.cnf of the image is read."""
    with tempfile.TemporaryDirectory() as name:
        server, ca = server_with_tls(make_server, Path(name))
        room = make_room("empty")
        (room.folder("sql") / "1_init.sql").write_text("CREATE TABLE t (id integer);\n")
        (room.folder("usr/lib/ssl") / "openssl.cnf").write_text(IMPOSSIBLE)

        def migrate(mode: str) -> subprocess.CompletedProcess[str]:
            argv = [room.lockmaster, "migrate", "--dir", "/sql", "--wait-for-database", "1s"]
            env = {"DATABASE_URL": f"{server.url()}?{mode}", "OPENSSL_CONF": "/usr/lib/ssl/openssl.cnf"}
            return room.run(argv, env)

        refused = migrate("sslmode=verify-full&sslrootcert=system")
        assert refused.returncode == 10, refused.stderr
        assert "certificate verify failed" in refused.stderr
        shutil.copyfile(ca, room.root / "ca.pem")
        (room.root / "ca.pem").chmod(0o644)
        named = migrate("sslmode=verify-full&sslrootcert=/ca.pem")
        assert named.returncode == 0, named.stderr
        shutil.copy(room.root / "ca.pem", room.folder("etc/ssl/certs") / "ca-certificates.crt")
        trusted = migrate("sslmode=verify-full&sslrootcert=system")
        assert trusted.returncode == 0, trusted.stderr


def server_with_tls(make_server: Callable[..., PostgresServer], folder: Path) -> tuple[PostgresServer, Path]:
    """Give a server that has a certificate for 127.0.0.1, and who signed it."""
    own(folder).chmod(0o755)
    authority = Authority(folder)
    cert, key = authority.sign("server", "127.0.0.1")
    for path in (cert, key):
        own(path).chmod(0o600)
    return make_server(source="debian15", ssl="on", ssl_cert_file=cert, ssl_key_file=key), authority.ca


def test_authorities_are_there_where_the_image_has_none(make_room: Callable[[str], Room]) -> None:
    room = make_room("empty")
    code = (
        "import ssl, json; c = ssl.create_default_context(); c.set_default_verify_paths();"
        " print(json.dumps(c.cert_store_stats()))"
    )
    done = room.run([room.python, "-c", code])
    assert json.loads(done.stdout)["x509_ca"] > 100, done.stderr
