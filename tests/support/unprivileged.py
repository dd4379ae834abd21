"""Servers refuse to run as root, so as root they run as another user, in folders that this user can reach."""

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

from tests.support.needs import need

CANDIDATES = ("postgres", "nobody")


@cache
def server_user() -> pwd.struct_passwd:
    """The user that servers run as: ourselves, or an unprivileged one where we are root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    for name in CANDIDATES:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    need(found=False, reason=f"needs one of the users {', '.join(CANDIDATES)} to run a server as")
    raise AssertionError


def as_server_user() -> dict[str, Any]:
    """Give the arguments for subprocess that make the child run as that user."""
    if os.geteuid() != 0:
        return {}
    user = server_user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def own(path: Path) -> Path:
    """Hand `path` to the server's user."""
    if os.geteuid() == 0:
        user = server_user()
        os.chown(path, user.pw_uid, user.pw_gid)
    return path


def run(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run to the end as the server's user; a failure carries the output."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        argv, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=60, **as_server_user()
    )
    if done.returncode:
        msg = f"{argv[0]} ended with {done.returncode}: {done.stdout}{done.stderr}"
        raise RuntimeError(msg)
    return done.stdout


def start(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    log: IO[bytes],
    env: Mapping[str, str],
    prefix: Sequence[str] = (),
) -> subprocess.Popen[bytes]:
    """Start a server as that user, in a session of its own, so that Ctrl-C on the tests does not reach it.

    `prefix` is a command put before it that needs root itself (ip netns exec NAME); the user changes after it.
    """
    changed: dict[str, Any] = as_server_user()
    if prefix and changed:
        setpriv = [f"--reuid={changed['user']}", f"--regid={changed['group']}", "--clear-groups", "--"]
        argv, changed = [*prefix, "setpriv", *setpriv, *argv], {}
    return subprocess.Popen(
        argv,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        **changed,
    )
