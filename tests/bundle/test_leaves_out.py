"""What the bundle leaves out says so in one line with a hint; and the image has all of it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tools.bundle import content, packages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bundle.rooms import Room

pytestmark = pytest.mark.xdist_group("bundle")

LEFT_OUT = {
    "fetch-web": ["fetch", "http://127.0.0.1:1/x", "/work/x"],
    "fetch-git": ["fetch", "git+https://127.0.0.1:1/x.git", "/work/x"],
    "fetch-store": ["fetch", "s3://bucket/x", "/work/x"],
    "wait-grpc": ["wait", "grpc://127.0.0.1:1", "--timeout", "1s"],
    "wait-mongodb": ["wait", "mongodb://127.0.0.1:1", "--timeout", "1s"],
    "exec-lease": ["exec", "--lease", "a", "--", "true"],
}


@pytest.mark.parametrize("argv", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_what_the_bundle_leaves_out(argv: list[str], make_room: Callable[[str], Room]) -> None:
    room = make_room("empty")
    env = {"LOCKMASTER_LOG_FORMAT": "text"}
    if argv[0] == "exec":
        env |= {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"}
    done = room.run([room.lockmaster, *argv], env)
    assert done.returncode == 2, done.stderr
    fact, _, hint = done.stderr.strip().partition("\n")
    assert "not installed" in fact
    assert "run this step from Lockmaster's image" in hint
    assert "Traceback" not in done.stderr


def test_the_image_has_every_package_of_its_extras(image: Path) -> None:
    """Each can be imported there: nothing that it needs was trimmed from the standard library."""
    there = {one.name for one in packages.needed(content.BUNDLE_EXTRAS)}
    wanted = [one for one in packages.needed(content.IMAGE_EXTRAS) if one.name not in there]
    modules = sorted({module for one in wanted for module in top_level(one.files or [])})
    assert {"grpc", "lightkube", "obstore", "pymongo", "httpx", "dulwich"} <= set(modules)
    code = f"import importlib\nfor name in {modules}: importlib.import_module(name)"
    python = image / "lockmaster/bin/python"
    done = subprocess.run([python, "-I", "-S", "-c", f"from _bundle import settle; import sys; settle(sys.prefix)\n{code}"],
                          capture_output=True, text=True, check=False, env={}, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr


def top_level(files: list[object]) -> set[str]:
    names = {
        str(file).split("/")[0] for file in files if str(file).endswith("/__init__.py") and str(file).count("/") == 1
    }
    return {name for name in names if not name.startswith((".", "_"))}


CLIENTS = ("web", "git", "stores", "oci", "vault", "kube")
PROBES = ("amqp", "dns", "file", "grpc", "http", "kafka", "kube", "mongodb", "mysql", "postgres", "redis", "tcp")


def test_the_image_has_what_each_step_imports(image: Path) -> None:
    lines = [f"import lockmaster.prepare.steps.fetch.sources.{name}" for name in CLIENTS]
    lines += [f"import lockmaster.prepare.steps.wait.probes.{name}" for name in PROBES]
    lines += ["import lockmaster.kube.api, lockmaster.prepare.steps.render.jinja"]
    done = subprocess.run([image / "lockmaster/bin/python", "-c", "\n".join(lines)],
                          capture_output=True, text=True, check=False, env={}, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
