"""What `kube build` has its containers run, in the image's own file system and in one that has nothing else."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.manifests.building.made import containers, objects, pods
from tests.support.needs import need_root

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("bundle")


def run(root: Path, words: list[str], **env: str) -> subprocess.CompletedProcess[str]:
    """Run the words of a container, as its user, with the PATH of Lockmaster's image."""
    need_root("other roots and other users")
    command = ["/usr/sbin/chroot", "--userspec=10001:10001", str(root), *words]
    return subprocess.run(command, env={"PATH": "/lockmaster"} | env, capture_output=True, text=True, check=False)


def test_the_bundle_is_copied_into_the_volume_and_migrates_beside_an_empty_image(image: Path, tmp_path: Path) -> None:
    """What broke: mounted where the image has its own bundle, the volume would have hidden what was to be copied."""
    (pod,) = pods(objects("init", dir="/app/sql"))
    found = containers(pod)
    copier, migrate = found["lockmaster-copy"], found["migrate"]
    ours, app = tmp_path / "ours", tmp_path / "app"
    subprocess.run(["cp", "-al", image, ours], check=True)
    volume = ours / copier["volumeMounts"][0]["mountPath"].strip("/")
    volume.mkdir()  # fails where the image has something there
    volume.chmod(0o777)
    done = run(ours, copier["command"])
    assert done.returncode == 0, done.stderr

    (app / "app/sql").mkdir(parents=True)
    (app / "app/sql/1_users.sql").write_text("CREATE TABLE users (id integer);\n")
    (app / "work").mkdir()
    (app / "work").chmod(0o777)
    tmp_path.chmod(0o755)
    volume.rename(app / migrate["volumeMounts"][0]["mountPath"].strip("/"))
    done = run(app, [*migrate["command"], *migrate["args"]], DATABASE_URL="sqlite:/work/db", POD_NAME="web-1")
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(app / "work/db")) as database:
        assert database.execute("SELECT count(*) FROM users").fetchone() == (0,)
