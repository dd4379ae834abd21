"""What does not pass never replaces what is there."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import StepFailedError, UsageError
from tests.support.cli import start_cli, until
from tests.support.needs import need_program

if TYPE_CHECKING:
    from tests.steps.render.conftest import Step


@pytest.mark.parametrize(
    ("how", "good", "bad", "message"),
    [
        ("json", '{"a": [1]}', '{"a":\n[1}', "made: not JSON: Expecting ',' delimiter (line 2 of the new file)"),
        ("yaml", "a: 1\n---\nb: 2\n", "a: 1\n b: 2\n", "made: not YAML: mapping values are not allowed here (line 2"),
        ("yaml", "a: 1", "a: 1\na: 2", "made: not YAML: "),
        ("toml", "a = 1", "a = ", "made: not TOML: Invalid value (at end of document)"),
        ("xml", "<a><b/></a>", "<a>\n<b></a>", "made: not XML: mismatched tag (line 2 of the new file)"),
        ("json", "1", b"\xff".decode("latin-1"), "made: not JSON"),
    ],
)
def test_formats(step: Step, how: str, good: str, bad: str, message: str) -> None:
    step.text("{{ x }}", values={"x": good}, validate=how)
    with pytest.raises(StepFailedError) as raised:
        step.text("{{ x }}", values={"x": bad}, validate=how)
    assert message in raised.value.message
    assert (step.folder / "made").read_text() == good
    assert step.names() == ["made", "t.j2"]


def test_in_a_folder_each_format_is_asked_of_its_own_files(step: Step) -> None:
    step.write("from/a.json", "{}")
    step.write("from/b.yml", "a: 1")
    step("from", "to", validate=["json", "yaml"])
    step.write("from/b.yml", "a: [")
    with pytest.raises(StepFailedError, match=r"to/b.yml: not YAML"):
        step("from", "to", validate=["json", "yaml"])


def test_the_real_nginx_refuses_and_accepts(step: Step) -> None:
    need_program("nginx", "nginx-light")
    template = "pid {{ dir }}/pid; error_log stderr;\nevents {}\nhttp { include mime.types; server { {{ line }} } }\n"
    step.write("nginx/mime.types", "types { text/html html; }\n")
    step.write("nginx.conf.j2", template)
    values = {"dir": str(step.folder), "line": "listen 127.0.0.1:8099;"}
    fields = {"validate": "nginx -t -q -c {}", "values": values}
    step("nginx.conf.j2", "nginx/nginx.conf", **fields)
    good = (step.folder / "nginx/nginx.conf").read_text()
    values["line"] = "listne 8099;"
    with pytest.raises(StepFailedError, match=r"nginx/nginx.conf: refused by nginx: exit 1") as raised:
        step("nginx.conf.j2", "nginx/nginx.conf", **fields)
    assert 'unknown directive "listne" in nginx/nginx.conf:3' in raised.value.details["said"].replace(
        f"{step.folder}/", ""
    )
    assert (step.folder / "nginx/nginx.conf").read_text() == good
    assert step.names("nginx") == ["mime.types", "nginx.conf"]


def test_a_command_without_a_place_for_the_file_would_look_at_the_old_one(step: Step) -> None:
    step.write("t", "x")
    with pytest.raises(UsageError, match="says not where the new file goes") as raised:
        step("t", "made", validate="nginx -t")
    assert "nginx -t {}" in raised.value.hint
    with pytest.raises(UsageError, match="No closing quotation"):
        step("t", "made", validate="nginx '{}")
    with pytest.raises(UsageError, match="cannot start nginxx"):
        step("t", "made", validate="nginxx {}")
    assert step.names() == ["t"]


def test_the_validator_sees_the_name_s_ending_the_mode_and_all_that_is_beside(step: Step) -> None:
    step.write("conf/other", "x")
    step.write("app.yaml", "x")
    script = 'test "${1##*.}" = yaml && test -e "$(dirname "$1")/other" && test "$(stat -c %a "$1")" = 640'
    step.write("check.sh", script)
    assert step("app.yaml", "conf/app.yaml", validate="sh check.sh {}", mode="640").changed


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except OSError:
        return True


def test_a_validator_that_hangs_is_ended_with_all_its_children(step: Step) -> None:
    step.write("t", "x")
    step.deadline = 0.5
    began = time.monotonic()
    with pytest.raises(StepFailedError, match="refused by sh: not finished in time"):
        step("t", "made", validate="sh -c 'sleep 61.5 & echo $! > pid; wait' {}")
    assert time.monotonic() - began < 30
    pid = int((step.folder / "pid").read_text())
    until(lambda: ended(pid), "its child's end")
    assert not (step.folder / "made").exists()


def test_sigterm_while_a_validator_works_leaves_the_old_file(step: Step) -> None:
    step.write("t", "new")
    step.write("made", "old")
    with start_cli(
        ["render", "t", "made", "--validate", "sh -c 'echo > started; sleep 61' {}"], cwd=step.folder
    ) as run:
        until((step.folder / "started").exists, "the validator")
        run.terminate()
        assert run.wait(30).returncode == 143
    assert step.names() == ["made", "started", "t"]
    assert (step.folder / "made").read_text() == "old"
