"""The termination message of a container is the last word of who ends it: "ready" must not be in the application's way."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.cli import clean_environment
from tests.support.needs import need, need_program, need_root

if TYPE_CHECKING:
    from pathlib import Path

DEV = """
touch dev/null dev/urandom
for one in null urandom; do mount --bind /dev/$one dev/$one; done
mount --rbind dev /dev
"""


@pytest.mark.parametrize(
    ("end", "status", "message"),
    [('exec "$@"', 0, "ready at 1_init: 1 applied"), ('"$@" && exit 7', 7, ""), ('"$@"; exec cat 1_init.sql', 0, "")],
)
def test_ready_is_left_only_by_who_ends_the_container(tmp_path: Path, end: str, status: int, message: str) -> None:
    need_root("for a /dev of its own")
    unshare = need_program("unshare", "util-linux")
    need(subprocess.run([unshare, "-m", "true"], check=False).returncode == 0, "needs the right to unshare mounts")
    (tmp_path / "1_init.sql").write_text("CREATE TABLE t (id integer);\n")
    (tmp_path / "dev").mkdir()
    log = tmp_path / "dev/termination-log"
    log.touch()
    argv = [sys.executable, "-m", "lockmaster", "migrate", "--url", f"sqlite:///{tmp_path}/app.db", "--dir", "."]
    env = clean_environment({"KUBERNETES_SERVICE_HOST": "127.0.0.1", "LOCKMASTER_KUBE_EVENTS": "never"})
    env.pop("LOCKMASTER_TERMINATION_LOG", None)  # the tests' own
    done = subprocess.run(
        [unshare, "--mount", "--pid", "--fork", "sh", "-e", "-c", DEV + end, "sh", *argv],
        cwd=tmp_path, env=env, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    assert log.read_text()[: len(message) or None] == message
