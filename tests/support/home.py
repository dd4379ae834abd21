"""The folder of one test run: everything that servers write is in it, and nothing in it outlives the run.

A watcher, a small shell that does nothing but wait for the end of a pipe, stops what is still running (by the process
ids that stand in the folder) and removes the folder: also when the tests end by kill -9, where no atexit comes.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

# $1 is the folder. A *.pid file holds the pid in line 1; the process must still have the folder on its command line.
# A program `end` in a folder of it ends what a signal to one process does not.
WATCHER = r"""
trap '' INT TERM HUP
cat >/dev/null
ours() { tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -qF "$2"; }
for file in "$1"/*/end; do
    [ -x "$file" ] && "$file"
done
pids=
for file in "$1"/*/*.pid "$1"/*/data/postmaster.pid; do
    [ -f "$file" ] && read -r pid <"$file" && ours "$pid" "$1" && kill -QUIT "$pid" && pids="$pids $pid"
done
for pid in $pids; do
    tries=100
    while [ $tries -gt 0 ] && ours "$pid" "$1"; do sleep 0.05; tries=$((tries - 1)); done
done
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"""


@cache
def home() -> Path:
    """Make the folder and its watcher, once per process. The path is short: a socket's path ends at 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="lm-", dir="/tmp"))
    folder.chmod(0o755)
    watcher = subprocess.Popen(
        ["/bin/sh", "-c", WATCHER, "watcher", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert watcher.stdin is not None
    atexit.register(_end, watcher, os.getpid())
    return folder


def _end(watcher: subprocess.Popen[bytes], owner: int) -> None:
    if os.getpid() == owner:  # not in a fork of ours
        assert watcher.stdin is not None
        watcher.stdin.close()
        watcher.wait(10)


def new_folder(kind: str) -> Path:
    """Make a fresh folder in it."""
    folder = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=home()))
    folder.chmod(0o755)
    return folder


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
