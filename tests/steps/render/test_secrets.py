"""A diff shows what changes, and no secret: not the new ones, not the old ones, not what a filter has made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lockmaster.prepare.steps.render.compare import unified
from tests.support.cli import run_cli

if TYPE_CHECKING:
    from tests.steps.render.conftest import Step

TEMPLATE = """\
port = {{ port }}
url = postgres://app:{{ PASSWORD | url }}@db/shop
basic = {{ ('app:' ~ PASSWORD) | b64encode }}
{"all": {"port": {{ port }}, "key": {{ PASSWORD | json }}}}
{% if PASSWORD %}
{{ PASSWORD }}
{% endif %}
name = {{ name }}
"""
OLD, NEW = "old/hunter-2", "new/hunter-3"


def test_neither_new_nor_old_secrets_are_shown(step: Step) -> None:
    step.text(TEMPLATE, values={"PASSWORD": OLD, "port": 80, "name": "a"})
    step.text(TEMPLATE, values={"PASSWORD": NEW, "port": 81, "name": "a"}, diff=True)
    assert step.diff().splitlines()[2:] == [
        "@@ -1,8 +1,8 @@",
        "-port = 80",
        "-url = ***",
        "-basic = ***",
        '-{"all": ***',
        "+port = 81",
        "+url = postgres://app:***",
        "+basic = ***",
        '+{"all": {"port": 81, "key": "***',
        " ",
        "-***",
        "+***",
        " ",
        " name = a",
    ]


def test_a_secret_that_leaves_the_file_is_not_shown(step: Step) -> None:
    step.text("a = 1\npassword = {{ P }}\nx = {{ P }}\n{{ P }}\n", values={"P": "hunter2"})
    step.text("a = 2\n", values={"P": "hunter2"}, diff=True)
    assert "-a = 1\n" in step.diff()
    assert "-password = ***\n" in step.diff()
    step.text("a = 1\nx = {{ P }}\n", values={"P_TOKEN": "hunter2", "P": "hunter2"})
    step.text("a = 2\ny = {{ P_TOKEN }}\n", values={"P_TOKEN": "hunter2"}, diff=True)
    assert "hunter" not in step.diff()


def test_where_the_template_takes_no_other_secret_all_is_hidden(step: Step) -> None:
    """It decodes the secret, which another one would not bear."""
    step.text("a = 1\nb = {{ KEY | b64decode }}\n", values={"KEY": "aHVudGVyMg=="}, diff=True)
    assert step.diff().endswith("+***\n+***\n") or "hunter2" not in step.diff()
    assert "hunter2" not in step.diff()


def test_without_secrets_all_is_shown() -> None:
    assert (
        unified("f", b"a\nb\nc\n", b"a\nx\nc\n", b"a\nx\nc\n") == "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"
    )
    assert unified("f", b"\xff", b"a", b"a") == "binary files a/f and b/f differ\n"
    assert "only line ends" in unified("f", b"a\r\n", b"a\n", b"a\n")


@pytest.mark.parametrize(
    "template", ["{{ PASSWORD }}{{ nothing }}", "{{ PASSWORD | int // 0 }}", "{{ PASSWORD | b64decode }}"]
)
def test_errors_hold_no_secret(step: Step, template: str) -> None:
    step.write("t.j2", template)
    for how in ("text", "json"):
        done = run_cli(
            ["render", "t.j2", "made", "--log-format", how, "--verbose"],
            cwd=step.folder,
            env={"PASSWORD": "hunter2-hunter2"},
        )
        assert done.returncode == 20
        assert "hunter2" not in done.stdout + done.stderr


def test_the_log_of_a_validator_that_tells_the_secret_is_masked(step: Step) -> None:
    step.write("t.j2", "{{ PASSWORD }}")
    done = run_cli(
        ["render", "t.j2", "made", "--validate", "sh -c 'cat {}; false'", "--log-format=text", "--diff"],
        cwd=step.folder,
        env={"PASSWORD": "hunter2-hunter2"},
    )
    assert done.returncode == 20
    assert "refused by sh: exit 1" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
