"""The file is made whole or not at all, with the mode and owner that are wanted, and only where it differs."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from lockmaster.errors import BehindError, StepFailedError, UsageError
from tests.support.cli import run_cli
from tests.support.needs import need_root

if TYPE_CHECKING:
    from pathlib import Path

    from tests.steps.render.conftest import Step


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_a_file_is_made_and_a_second_run_changes_nothing(step: Step) -> None:
    step.env["HOST"] = "db"
    step.write("a.conf", "host = $HOST\n")
    first = step("a.conf", "conf/deep/a.conf")
    assert (first.changed, first.text) == (True, "1 of 1 files changed")
    made = step.folder / "conf/deep/a.conf"
    assert made.read_text() == "host = db\n"
    assert mode(made) == "0o644"
    before = made.stat()
    second = step("a.conf", "conf/deep/a.conf", validate="false {}")  # nothing is new, so nothing is to be validated
    assert (second.changed, second.text, step.changed()) == (False, "unchanged", [])
    assert (made.stat().st_ino, made.stat().st_ctime_ns) == (before.st_ino, before.st_ctime_ns)
    assert step.names("conf/deep") == ["a.conf"]


def test_mode_and_owner_of_the_file_that_is_replaced_are_kept(step: Step) -> None:
    need_root("it gives files to another user")
    step.write("t", "new\n")
    old = step.write("made", "old\n")
    old.chmod(0o600)
    os.chown(old, 999, 998)
    step("t", "made")
    assert (old.read_text(), mode(old), old.stat().st_uid, old.stat().st_gid) == ("new\n", "0o600", 999, 998)
    assert step.changed() == ["made: 4 bytes, were 4"]


def test_mode_and_owner_as_wanted_also_where_the_content_is_right(step: Step) -> None:
    need_root("it gives files to another user")
    step.write("t", "x")
    step("t", "made", mode="0640", owner="999:998")
    made = step.folder / "made"
    assert (mode(made), made.stat().st_uid, made.stat().st_gid) == ("0o640", 999, 998)
    assert step("t", "made", mode="g-r,o=", owner=0).changed
    assert step.changed() == ["made: mode 0640 -> 0600, owner 999:998 -> 0:998"]
    assert not step("t", "made", mode="g-r,o=", owner=0).changed


def test_a_script_stays_one(step: Step) -> None:
    step.write("run.sh.template", "#!/bin/sh\n").chmod(0o755)
    step("run.sh.template", "bin/")
    assert mode(step.folder / "bin/run.sh") == "0o755"


def test_the_group_of_a_folder_that_fsgroup_owns_is_the_new_files_group(step: Step) -> None:
    need_root("it gives a folder to another group")
    (step.folder / "volume").mkdir()
    os.chown(step.folder / "volume", 0, 998)
    (step.folder / "volume").chmod(0o2775)
    step.write("t", "x")
    step("t", "volume/made")
    assert (step.folder / "volume/made").stat().st_gid == 998


@pytest.mark.parametrize(("name", "text"), [("t.j2", "{{ A }}"), ("t", "${A}")])
def test_byte_order_mark_and_line_ends_are_kept(step: Step, name: str, text: str) -> None:
    step.env["A"] = "1"
    step.write(name, b"\xef\xbb\xbfa " + text.encode() + b"\r\nb\r\n\r\n")
    step(name, "made")
    assert (step.folder / "made").read_bytes() == b"\xef\xbb\xbfa 1\r\nb\r\n\r\n"
    step.write(name, b"\n" + text.encode() + b"\n\n")
    step(name, "made")
    assert (step.folder / "made").read_bytes() == b"\n1\n\n"


@pytest.mark.parametrize("name", ["t.j2", "t"])
def test_what_is_no_text_is_refused_with_its_line(step: Step, name: str) -> None:
    for data, message in ((b"a\nb\xff", f"{name}:2: not UTF-8 text"), (b"a\0", f"{name}:1: not text, but binary")):
        step.write(name, data)
        with pytest.raises(StepFailedError) as raised:
            step(name, "made")
        assert raised.value.message == message
    assert not (step.folder / "made").exists()


@pytest.mark.parametrize("name", ["t.j2", "t"])
def test_a_large_template_is_made_and_a_huge_one_refused(step: Step, name: str) -> None:
    step.env["NAME"] = "value"
    line = "x" * 90 + (" {{ NAME }}\n" if name == "t.j2" else " $NAME\n")
    step.write(name, line * 4_000)
    step(name, "made")
    assert (step.folder / "made").read_text() == ("x" * 90 + " value\n") * 4_000
    step.write(name, b"x" * ((16 << 20) + 1))
    with pytest.raises(StepFailedError, match="larger than 16Mi"):
        step(name, "made")


def test_a_whole_folder(step: Step) -> None:
    """Templates by their endings, other files as they are, the inner side of a ConfigMap not at all."""
    step.env |= {"HOST": "db"}
    step.write("from/nginx.conf.template", "server $HOST;")
    step.write("from/sub/app.yaml.j2", "host: {{ HOST }}")
    step.write("from/logo.png", b"\x89PNG\0$HOST")
    step.write("from/plain.conf", "$uri")
    step.write("from/..2026_01_01/hidden", "x")
    step.write("to/other", "stays")
    assert step("from/", "to").text == "4 of 4 files changed"
    made = {
        str(path.relative_to(step.folder / "to")): path.read_bytes()
        for path in (step.folder / "to").rglob("*")
        if path.is_file()
    }
    assert made == {
        "nginx.conf": b"server db;", "sub/app.yaml": b"host: db", "logo.png": b"\x89PNG\0$HOST", "plain.conf": b"$uri",
        "other": b"stays",
    }  # fmt: skip
    assert step("from", "to/").text == "unchanged"
    step.write("from/sub/app.yaml.j2", "host: {{ HOST }}!")
    assert step("from", "to").text == "1 of 4 files changed"


def test_when_one_of_a_folder_fails_none_is_replaced(step: Step) -> None:
    step.write("from/a.j2", "new")
    step.write("from/b.j2", "{{ missing }}")
    step.write("to/a", "old")
    with pytest.raises(StepFailedError, match=r"from/b.j2:1: missing is not set"):
        step("from", "to")
    assert (step.folder / "to/a").read_text() == "old"
    step.write("from/b.j2", "text")
    with pytest.raises(StepFailedError, match="refused by test: exit 1"):
        step("from", "to", validate="test -e {}/c")
    assert (step.folder / "to/a").read_text() == "old"
    assert step("from", "to", validate="test -e {}/b").changed
    assert step.names("to") == ["a", "b"]


def test_a_mounted_config_map_as_the_folder(step: Step) -> None:
    step.write("map/..2026/a.j2", "{{ 1 + 1 }}")
    (step.folder / "map/..data").symlink_to("..2026")
    (step.folder / "map/a.j2").symlink_to("..data/a.j2")
    assert step("map", "to").changed
    assert (step.folder / "to/a").read_text() == "2"
    (step.folder / "map/evil").symlink_to("/etc/passwd")
    with pytest.raises(UsageError, match="evil leads out of the folder"):
        step("map", "to")


def test_a_link_as_the_target_is_refused_and_one_planted_is_not_written_through(step: Step) -> None:
    outside = step.write("outside", "mine")
    step.write("t", "new")
    (step.folder / "made").symlink_to(outside)
    with pytest.raises(StepFailedError, match="made: it is a symbolic link to") as raised:
        step("t", "made")
    assert "remove the link" in raised.value.hint
    assert outside.read_text() == "mine"
    (step.folder / "folder").mkdir()
    (step.folder / "pipe").touch()
    (step.folder / "pipe").unlink()
    os.mkfifo(step.folder / "pipe")
    with pytest.raises(StepFailedError, match="pipe: it is no file"):
        step("t", "pipe")
    assert step("t", "folder").changed  # into it, as cp does
    assert (step.folder / "folder/t").read_text() == "new"


def test_a_hard_link_to_something_outside_is_replaced_and_not_written_through(step: Step) -> None:
    outside = step.write("outside", "mine")
    os.link(outside, step.folder / "made")
    step.write("t", "new")
    step("t", "made")
    assert (outside.read_text(), (step.folder / "made").read_text()) == ("mine", "new")


def test_check_writes_nothing(step: Step) -> None:
    step.write("t", "new")
    with pytest.raises(BehindError, match=r"1 of 1 files would change"):
        step("t", "to/made", check=True, validate="false {}")
    assert not (step.folder / "to").exists()
    assert step.changed()[0].startswith("to/made: would be: new")
    step("t", "to/made")
    assert step("t", "to/made", check=True).text == "unchanged"


def test_missing_templates_are_usage(step: Step) -> None:
    with pytest.raises(UsageError, match=r"a\.j2: not there"):
        step("a.j2", "b")
    (step.folder / "empty").mkdir()
    with pytest.raises(UsageError, match="empty: there is no file in it"):
        step("empty", "b")


def test_the_command_line_does_the_same(step: Step) -> None:
    step.write("app.conf", "port $PORT of $uri, $NAME\n")
    step.write("values.yaml", "NAME: from a file\n")
    args = [
        "render",
        "app.conf",
        "out/app.conf",
        "--vars",
        "values.yaml",
        "--set",
        "PORT=80",
        "--set",
        "x=y",
        "--only",
        "$PORT ${NAME}",
    ]
    done = run_cli([*args, "--diff"], cwd=step.folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "--- a/out/app.conf\n+++ b/out/app.conf\n@@ -0,0 +1,1 @@\n+port 80 of $uri, from a file\n"
    again = run_cli([*args, "--check", "--log-format=text"], cwd=step.folder)
    assert (again.returncode, again.stdout) == (0, "")
    assert "[render] unchanged" in again.stderr
    step.write("values.yaml", "NAME: another\n")
    differs = run_cli([*args, "--check", "--log-format=text"], cwd=step.folder)
    assert (differs.returncode, differs.stdout) == (3, "")
    assert "1 of 1 files would change" in differs.stderr
    for wrong, message in (
        (["--set", "x"], "is no NAME=TEXT"),
        (["--engine", "jinj"], "did you mean jinja?"),
        (["--vars", "x.ini"], "not a kind of file"),
    ):
        done = run_cli(["render", "app.conf", "b", *wrong, "--log-format=text"], cwd=step.folder)
        assert done.returncode == 2
        assert message in done.stderr


def test_as_a_step(step: Step) -> None:
    step.write("t.j2", "{{ a }} {{ b.c }} {{ env.HOME }} ${X}\n")
    step.write(
        "lockmaster.yaml",
        "steps:\n  - render: {from: t.j2, to: made, values: {a: '${A:-1}', b: {c: [x]}}, diff: true}\n",
    )
    done = run_cli(["up", "--log-format", "text"], cwd=step.folder, env={"HOME": "/home"})
    assert done.returncode == 0, done.stderr
    assert (step.folder / "made").read_text() == "1 ['x'] /home ${X}\n"
    assert "[render] 1 of 1 files changed" in done.stderr
