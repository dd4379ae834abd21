"""The real kustomize and the real helm, 3 and 4, run `kube inject` as docs/kubernetes/inject.md says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lockmaster.manifests.stream import Stream, plain
from tests.manifests.inject.files import EXAMPLES, injected
from tests.support.cli import clean_environment
from tests.support.goprogram import HELM3, HELM4, KUSTOMIZE, by_go

pytestmark = pytest.mark.xdist_group("renderers")

PAGE = Path(__file__).resolve().parents[3] / "docs" / "kubernetes" / "inject.md"
TEXT = (EXAMPLES / "web-with-migration.yaml").read_text()
Run = "Callable[..., subprocess.CompletedProcess[str]]"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a program in the test's folder, with `lockmaster` in its PATH."""
    for name in ("deploy.yaml", "chart/templates/deploy.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(TEXT)
    (tmp_path / "chart/Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 0.1.0\n")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = clean_environment({"PATH": path, "HOME": str(tmp_path)})

    def run(program: tuple[str, str], *words: str) -> subprocess.CompletedProcess[str]:
        # Built with the real HOME: Go's caches are there.
        command = [str(by_go(*program)), *words]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)

    return run


def page(name: str) -> str:
    """The file of that name, as it stands in the page."""
    found = re.search(rf"^```yaml\n# {re.escape(name)}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found, name
    return found[1]


def same(one: str, other: str) -> None:
    """The same pods, whatever the order of keys."""
    specs = [plain(Stream("x", text.removeprefix("---\n")).documents[-1].root)["spec"] for text in (one, other)]
    assert specs[0] == specs[1]


def test_kustomize_runs_it_as_a_transformer(run: Run, tmp_path: Path) -> None:
    for name in ("inject.yaml", "kustomization.yaml"):
        (tmp_path / name).write_text(page(name))
    done = run(KUSTOMIZE, "build", "--enable-alpha-plugins", "--enable-exec", ".")
    assert done.returncode == 0, done.stderr
    same(done.stdout, injected(TEXT, wrap="migrate", deadline="20m"))
    assert "config.kubernetes.io" not in done.stdout


def test_kustomize_shows_a_mistake_in_the_transformer(run: Run, tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text(page("kustomization.yaml"))
    (tmp_path / "inject.yaml").write_text(page("inject.yaml").replace("wrap: migrate", "wrapp: migrate"))
    done = run(KUSTOMIZE, "build", "--enable-alpha-plugins", "--enable-exec", ".")
    assert done.returncode != 0
    assert "wrapp is not known" in done.stderr
    assert "did you mean wrap?" in done.stderr


def test_kustomize_gets_the_config_map_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db/1.sql").write_text("select 1;\n")
    (tmp_path / "kustomization.yaml").write_text(page("kustomization.yaml"))
    spec = "replace: migrate\n  from: configmap\n  dir: db"
    (tmp_path / "inject.yaml").write_text(page("inject.yaml").replace("wrap: migrate", spec))
    done = run(KUSTOMIZE, "build", "--enable-alpha-plugins", "--enable-exec", ".")
    assert done.returncode == 0, done.stderr
    roots = [plain(document.root) for document in Stream("x", done.stdout).documents]
    config_map = next(root for root in roots if root["kind"] == "ConfigMap")
    (volume,) = next(root for root in roots if root["kind"] == "Deployment")["spec"]["template"]["spec"]["volumes"]
    assert config_map["data"] == {"1.sql": "select 1;\n"}
    assert volume["configMap"]["name"] == config_map["metadata"]["name"]


def test_helm_3_runs_it_as_a_post_renderer(run: Run) -> None:
    said = re.search(r"--post-renderer lockmaster.*?--wrap=migrate", PAGE.read_text(), re.DOTALL)
    assert said
    done = run(HELM3, "template", "web", "chart", *said[0].replace("\\", " ").split())
    assert done.returncode == 0, done.stderr
    same(done.stdout, injected(TEXT, wrap="migrate"))


def test_helm_4_runs_it_as_a_plugin(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin/plugin.yaml").write_text(page("plugin.yaml"))
    installed = run(HELM4, "plugin", "install", str(tmp_path / "plugin"))
    assert installed.returncode == 0, installed.stderr
    words = ("template", "web", "chart", "--post-renderer", "lockmaster", "--post-renderer-args")
    done = run(HELM4, *words, "--wrap=migrate")
    assert done.returncode == 0, done.stderr
    same(done.stdout, injected(TEXT, wrap="migrate"))
    assert run(HELM4, *words, "--wrap=nothing").returncode != 0
