"""What somebody is told who made a mistake, and the rules that every such answer keeps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from tests.support.cli import run_cli

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "S3cr3t!pw"
LIMIT_BYTES = 4096


class Told(NamedTuple):
    """One run's answer."""

    exit: int
    text: str
    termination: str


def run(arguments: list[str], tmp_path: Path, **env: str) -> Told:
    """Run it as text and as JSON, and check what holds for every answer to a mistake."""
    log = tmp_path / "termination-log"
    log.unlink(missing_ok=True)
    common = {"LOCKMASTER_TERMINATION_LOG": str(log), "LOCKMASTER_WAIT_FOR_DATABASE": "1s", **env}
    done = run_cli([*arguments, "--log-format", "text"], env=common, cwd=tmp_path, timeout=90)
    termination = log.read_text() if log.exists() else ""
    told = Told(done.returncode, done.stderr, termination)
    _keeps_the_rules(told, done.stdout)
    return told


def run_json(arguments: list[str], tmp_path: Path, **env: str) -> dict[str, object]:
    """The last line of the JSON log: the error as fields."""
    common = {"LOCKMASTER_WAIT_FOR_DATABASE": "1s", **env}
    done = run_cli([*arguments, "--log-format", "json"], env=common, cwd=tmp_path, timeout=90)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert SECRET not in done.stderr
    return dict(lines[-1])


def _keeps_the_rules(told: Told, stdout: str) -> None:
    errors = [line for line in told.text.splitlines() if line.startswith("error: ")]
    assert told.exit != 0, told
    assert len(errors) == 1, told.text
    assert len(errors[0]) < 400, errors
    assert "\nhint: " in told.text, told.text
    assert "Traceback" not in told.text
    for place in (told.text, stdout, told.termination):
        assert SECRET not in place
        assert SECRET.replace("!", "%21") not in place
    assert len(told.termination.encode()) <= LIMIT_BYTES
    if told.termination:
        assert errors[0].removeprefix("error: ")[:80] in told.termination
