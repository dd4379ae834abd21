"""The pages on steps that work with files: their examples are read, and run."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from lockmaster.cli.parse import parse
from lockmaster.cli.table import COMMANDS
from lockmaster.prepare import spec
from lockmaster.prepare.kinds import KINDS
from tests.support.cli import clean_environment, run_cli

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("steps-permissions.md", "steps-render.md", "steps-fetch.md", "from-your-init-container.md")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE)


def known(document: dict[str, Any]) -> dict[str, Any]:
    """The steps whose kinds this program has."""
    common = {*spec.COMMON, spec.PARALLEL}
    return {"steps": [step for step in document["steps"] if set(step) - common <= set(KINDS)]}


@pytest.mark.parametrize("page", PAGES)
def test_each_file_is_one_that_the_program_and_its_schema_take(page: str, tmp_path: Path) -> None:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(json.loads(run_cli(["schema"]).stdout))
    texts = [text for text in blocks(page, "yaml") if "steps:" in text]
    assert texts
    for text in texts:
        document = known(YAML(typ="safe", pure=True).load(text))
        validator.validate(document)
        (tmp_path / "lockmaster.yaml").write_text(json.dumps(document))
        assert spec.read(str(tmp_path / "lockmaster.yaml"), "lockmaster.yaml", {}, lambda _: None)


def test_each_line_of_the_table_is_a_step_and_a_command_line() -> None:
    rows = re.findall(r"^\|(.*)\|(.*)\|(.*)\|$", (DOCS / "from-your-init-container.md").read_text(), re.MULTILINE)
    steps = [text for _, step, _ in rows for text in re.findall("`(.*)`", step)]
    commands = [text for _, _, command in rows for text in re.findall("`lockmaster (.*)`", command)]
    assert len(steps) >= 7
    for text in steps:
        (step,) = YAML(typ="safe", pure=True).load(text)
        assert set(step) & {*KINDS, "wait", "fetch"}
    for text in commands:
        argv = text.split()
        if argv[0] in COMMANDS:
            assert parse(argv).command == argv[0]


def test_the_example_of_render_runs_as_a_file(tmp_path: Path) -> None:
    """In the folder that the console example has made."""
    lines = blocks("steps-render.md", "console")[0].splitlines()
    making = [line[2:] for line in lines if line.startswith(("$ mkdir", "$ echo"))]
    subprocess.run(["bash", "-ec", "\n".join(making)], cwd=tmp_path, env=clean_environment(), check=True)
    (tmp_path / "lockmaster.yaml").write_text(blocks("steps-render.md", "yaml")[0])
    for said in ("[app] 1 of 1 files changed", "[app] unchanged"):
        done = run_cli(["up", "--log-format=text"], cwd=tmp_path, env={"PORT": "81"})
        assert done.returncode == 0, done.stderr
        assert said in done.stderr
        assert "p@ss" not in done.stderr
        assert "p%40ss" not in done.stderr
    assert (tmp_path / "conf/nginx.conf").read_text() == "listen 81; try_files $uri =404; # localhost:8080\n"
    assert (tmp_path / "conf/app.yaml").read_text() == 'url: "postgres://app:p%40ss%2Fword@db"\n'
