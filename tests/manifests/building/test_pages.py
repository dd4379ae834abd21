"""docs/kubernetes/: manifests are what the command prints, links lead somewhere, and the commands of the way to production run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from lockmaster.manifests.build.run import PATTERNS
from tests.support.cli import run_cli

ROOT = Path(__file__).parents[3]
PAGES = sorted((ROOT / "docs/kubernetes").glob("*.md"))
PRODUCTION = (ROOT / "docs/kubernetes/production.md").read_text()
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```yaml\n(.*?)```", PRODUCTION, re.DOTALL))
STEPS = re.findall(r"^\$ lockmaster (kube \w+) ?(.*)$", PRODUCTION, re.MULTILINE)


def test_the_manifests_on_the_pages_are_those_of_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "tools/docs/kubernetes.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_pattern_has_its_page_with_its_manifest() -> None:
    for pattern in PATTERNS:
        text = (ROOT / f"docs/kubernetes/{pattern}.md").read_text()
        assert f"lockmaster kube build --pattern {pattern} " in text
        assert "apiVersion: " in text


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_to_pages_that_are_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).resolve().exists()] == []


@pytest.mark.parametrize(("command", "rest"), STEPS)
def test_the_steps_to_production_run_as_they_stand_there(command: str, rest: str, tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    words, _, target = rest.partition(" > ")
    if words == "web.yaml":  # step 5 looks at what it has just made
        made = next(rest for command, rest in STEPS if command == "kube build")
        (tmp_path / "web.yaml").write_text(run_cli(["kube", "build", *shlex.split(made.partition(" > ")[0])]).stdout)
    done = run_cli([*command.split(), *shlex.split(words)], cwd=tmp_path)
    wrong = command == "kube check" and words != "web.yaml"  # step 1 finds something
    assert done.returncode == (3 if wrong else 0), done.stderr
    assert not target or "apiVersion:" in done.stdout
