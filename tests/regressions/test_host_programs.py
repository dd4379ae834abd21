"""What a host program may have done before it calls us: it failed with ValueError and ChildProcessError."""

import subprocess
import sys
from pathlib import Path

from tests.facts.lab import Lab

CALL = """
import os, resource, signal, sys, threading
import lockmaster
{before}
print(lockmaster.migrate(sys.argv[1], dir=sys.argv[2]{arguments}))
"""
MANY_FILES = """
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (2048, hard))
held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
"""
CHILDREN_IGNORED = """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
stop = lockmaster.Stop()
threading.Timer(1.0, stop.request, ["the host"]).start()
"""


def call(url: str, folder: Path, before: str, arguments: str = "") -> subprocess.CompletedProcess[str]:
    code = CALL.format(before=before, arguments=arguments)
    command = [sys.executable, "-c", code, url, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_more_than_a_thousand_open_files(lab: Lab) -> None:
    """select() refuses descriptors from 1024 on."""
    lab.write("1_m", "CREATE TABLE t ();")
    done = call(lab.url, lab.dir, MANY_FILES)
    assert "level='1_m'" in done.stdout, done.stderr


def test_more_than_a_thousand_open_files_with_sqlite(tmp_path: Path) -> None:
    (tmp_path / "1_m.sql").write_text("CREATE TABLE t (id integer);")
    done = call(f"sqlite:{tmp_path}/app.db", tmp_path, MANY_FILES)
    assert "level='1_m'" in done.stdout, done.stderr


def test_nobody_waits_for_children(lab: Lab) -> None:
    """The child that sends the cancel is gone before it can be waited for."""
    lab.write("1_m", "SELECT pg_sleep(30);")
    done = call(lab.url, lab.dir, CHILDREN_IGNORED, ", stop=stop")
    assert "StoppedError: stopped by the host" in done.stderr
