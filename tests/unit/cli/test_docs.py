"""The pages that are made from the code are as the code says, and name everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lockmaster.cli import helping
from lockmaster.cli.table import COMMANDS
from lockmaster.errors import Exit
from lockmaster.settings import OPTIONS

ROOT = Path(__file__).parents[3]


def test_the_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "tools/docs/settings.py", "--check"],
        cwd=ROOT, env={"PYTHONPATH": "src"}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_every_setting_and_exit_code_has_its_place() -> None:
    settings = (ROOT / "docs/settings.md").read_text()
    assert all(f"`{option.env}`" in settings for option in OPTIONS)
    codes = (ROOT / "docs/exit-codes.md").read_text()
    assert all(f"| {int(code)} |" in codes for code in Exit)


def test_the_help_of_a_command_names_its_options() -> None:
    for command in COMMANDS.values():
        page = helping.text(command.name, sys.__stdout__)  # type: ignore[arg-type]
        for option in OPTIONS:
            assert (option.flag + " " in page + " ") == (command.settings and option.taken_by(command.name)) or any(
                own.key == option.key for own in command.own
            ), (command.name, option.key)
