"""docs/steps-wait.md: its examples are read as they stand, and it names everything that there is."""

from __future__ import annotations

import re
from pathlib import Path

from lockmaster.prepare import spec
from lockmaster.prepare.run import Group
from lockmaster.prepare.steps.wait.schemes import SCHEMES
from lockmaster.prepare.steps.wait.spec import Wait, Wanted

PAGE = Path(__file__).parents[3] / "docs" / "steps-wait.md"


def test_its_lockmaster_yaml_is_one(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    (tmp_path / "lockmaster.yaml").write_text(example)
    hidden: list[str] = []
    environ = {"DATABASE_URL": "postgres://app:pw@db/app", "HEALTH_TOKEN": "t0ken"}
    steps = spec.read(str(tmp_path / "lockmaster.yaml"), "lockmaster.yaml", environ, hidden.append)
    assert [step.name for step in steps if not isinstance(step, Group)] == ["wait", "wait-2", "services"]
    assert hidden == ["t0ken"]


def test_it_names_every_scheme_and_every_field() -> None:
    page = PAGE.read_text()
    assert not [scheme for scheme in SCHEMES if scheme != "postgresql" and f"`{scheme}:" not in page]
    fields = (*Wanted.__struct_fields__, *Wait.__struct_fields__)
    assert not [field for field in fields if f"`{field}`" not in page and f"{field}:" not in page]
