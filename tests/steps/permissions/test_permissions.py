"""Owner and mode are as asked, changed only where they differ, and it is told what changed."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lockmaster.errors import BehindError, StepFailedError, StoppedError, UsageError
from lockmaster.prepare.steps.permissions import crew
from lockmaster.step_events import TargetSeen
from tests.support.cli import clean_environment, command, run_cli
from tests.support.needs import need_program, need_root

if TYPE_CHECKING:
    from tests.steps.permissions.conftest import Step


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """data/{config.yaml, run.sh (x), sub/{deep/file}, link -> /etc/hostname}, all of root."""
    data = tmp_path / "data"
    (data / "sub/deep").mkdir(parents=True)
    (data / "config.yaml").write_text("a")
    (data / "run.sh").write_text("b")
    (data / "run.sh").chmod(0o755)
    (data / "sub/deep/file").write_text("c")
    (data / "link").symlink_to("/etc/hostname")
    return data


def state(path: Path) -> tuple[int, int, str]:
    now = path.lstat()
    return now.st_uid, now.st_gid, oct(stat.S_IMODE(now.st_mode))


def test_everything_below_gets_owner_and_mode_and_a_second_run_changes_nothing(step: Step, tree: Path) -> None:
    need_root("it gives files to another user")
    fields: dict[str, Any] = {"owner": "999:998", "mode": "u=rwX,g=rX,o=", "recursive": True}
    first = step(tree, **fields)
    assert (first.changed, first.text) == (True, "7 of 7 changed")
    assert state(tree) == (999, 998, "0o750")
    assert state(tree / "config.yaml") == (999, 998, "0o640")
    assert state(tree / "run.sh") == (999, 998, "0o750")
    assert state(tree / "sub/deep/file") == (999, 998, "0o640")
    assert state(tree / "link")[:2] == (999, 998)  # the link itself, as chown -R does
    assert Path("/etc/hostname").stat().st_uid == 0
    assert f"{tree}/config.yaml: owner 0:0 -> 999:998, mode 0644 -> 0640" in step.told()
    before = {path: path.lstat().st_ctime_ns for path in tree.rglob("*")}
    second = step(tree, **fields)
    assert (second.changed, second.text) == (False, "unchanged (7 looked at)")
    assert {path: path.lstat().st_ctime_ns for path in tree.rglob("*")} == before
    assert step.told() == []


def test_only_what_differs_is_touched(step: Step, tree: Path) -> None:
    need_root("it gives files to another user")
    step(tree, owner=999, recursive=True)
    os.chown(tree / "sub/deep/file", 0, 0)
    assert step(tree, owner=999, recursive=True).text == "1 of 7 changed"
    assert step.told() == [f"{tree}/sub/deep/file: owner 0:0 -> 999:0"]


def test_files_and_folders_may_have_modes_of_their_own(step: Step, tree: Path) -> None:
    step(tree, file_mode="0600", dir_mode="2770", recursive=True)
    assert state(tree / "sub")[2] == "0o2770"
    assert state(tree / "run.sh")[2] == "0o600"
    assert not step(tree, mode="0600", dir_mode="2770", recursive=True).changed


def test_without_recursive_only_the_path_itself_is_set(step: Step, tree: Path) -> None:
    step(tree, mode="0700")
    assert state(tree)[2] == "0o700"
    assert state(tree / "sub")[2] == "0o755"
    assert step(tree / "config.yaml", mode="u+x").text == "1 of 1 changed"


def test_a_relative_path_starts_at_the_folder_of_the_file(step: Step, tree: Path) -> None:
    step(["data/sub/../sub", "data/run.sh"], mode="0700")
    assert (state(tree / "sub")[2], state(tree / "run.sh")[2]) == ("0o700", "0o700")


def test_the_kernel_takes_setuid_with_the_owner_and_a_mode_that_names_it_gives_it_back(
    step: Step, tmp_path: Path
) -> None:
    """A setuid program of root that is given away must not become a setuid program of its new owner by accident."""
    need_root("it gives files to another user")
    files = [tmp_path / name for name in ("plain", "adding", "naming")]
    for file in files:
        file.touch()
        file.chmod(0o6755)
    step(files[0], owner=999)
    step(files[1], owner=999, mode="g+w")
    step(files[2], owner=999, mode="u+s")
    assert [state(file)[2] for file in files] == ["0o755", "0o775", "0o4755"]


def test_the_setgid_bit_of_a_folder_that_fsgroup_made_stays(step: Step, tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume").chmod(0o2777)
    step("volume", mode="0770")
    assert state(tmp_path / "volume")[2] == "0o2770"


def test_excluded_entries_are_left_alone_with_all_below(step: Step, tree: Path) -> None:
    (tree / "sub/lost+found").mkdir()
    (tree / "sub/lost+found/x").touch()
    assert step(tree, mode="go=", recursive=True, exclude=["lost+found", "/config.*", "sub/**/file"]).changed
    assert state(tree / "sub/lost+found/x")[2] == "0o644"
    assert state(tree / "sub/lost+found")[2] == "0o755"
    assert state(tree / "config.yaml")[2] == "0o644"
    assert state(tree / "sub/deep/file")[2] == "0o644"
    assert state(tree / "sub/deep")[2] == "0o700"


def test_a_missing_folder_is_an_error_or_is_made(step: Step, tmp_path: Path) -> None:
    with pytest.raises(StepFailedError, match=r"data/cache: data is not there") as raised:
        step("data/cache", mode="0700")
    assert "create: true" in raised.value.hint
    with pytest.raises(BehindError, match="1 of 0 would change"):
        step("data/cache", mode="0700", create=True, check=True)
    assert not (tmp_path / "data").exists()
    assert step("data/cache", mode="0700", create=True).text == "1 of 1 changed"
    assert (state(tmp_path / "data")[2], state(tmp_path / "data/cache")[2]) == ("0o755", "0o700")
    assert not step("data/cache", mode="0700", create=True).changed


def test_check_changes_nothing_and_says_what_would(step: Step, tree: Path) -> None:
    with pytest.raises(BehindError, match="2 of 7 would change"):
        step(tree, file_mode="0600", recursive=True, check=True, exclude="sub/deep/file")
    assert f"{tree}/run.sh: would be: mode 0755 -> 0600" in step.told()
    assert state(tree / "run.sh")[2] == "0o755"
    assert step(tree, mode="u+r", recursive=True, check=True).text == "unchanged (7 looked at)"


def test_many_changes_are_told_by_their_number(step: Step, tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / str(number)).touch()
    assert step(tmp_path, file_mode="0600", recursive=True).text == "50 of 51 changed"
    assert len(step.told()) == 21
    assert step.told()[-1] == "30 more: likewise, not told one by one"


def test_names_that_are_no_text_and_deep_trees(step: Step, tmp_path: Path) -> None:
    """A chain deeper than any path may be long, and than there are descriptors, is no problem: few folders are open."""
    top = os.open(tmp_path, os.O_RDONLY)
    at = top
    for _ in range(1500):
        os.mkdir("x" * 10, dir_fd=at)
        below = os.open("x" * 10, os.O_RDONLY, dir_fd=at)
        if at != top:
            os.close(at)
        at = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=at))
    os.close(os.open(b"\xff\n", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=top))
    try:
        assert step(tmp_path, mode="go=", recursive=True).text == "1,501 of 1,503 changed"
        assert stat.S_IMODE(os.stat(b"\xff\n", dir_fd=top).st_mode) == 0o600
        assert "its path is longer" in step.told()[-1]
    finally:
        os.close(at)
        os.close(top)
        subprocess.run(["rm", "-rf", tmp_path / ("x" * 10)], check=True)


def test_nothing_to_set_and_impossible_names_are_usage(step: Step, tmp_path: Path) -> None:
    for fields, message in (
        ({}, "nothing to set"),
        ({"owner": "nobodyatall"}, "there is no user 'nobodyatall' here"),
        ({"owner": ":nogroupatall"}, "there is no group"),
        ({"owner": "1:2", "group": "3"}, "the group is named twice"),
        ({"owner": str(2**32)}, "the largest number"),
        ({"mode": "u=q"}, "is not a mode"),
    ):
        with pytest.raises(UsageError, match=message):
            step(tmp_path, **fields)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="the whole system"):
        step("/", mode="u+r", recursive=True)
    with pytest.raises(UsageError, match="the whole system"):
        step("/../.", mode="u+r", recursive=True)


def test_names_are_those_of_this_container(step: Step, tree: Path) -> None:
    need_root("it gives files to another user")
    import grp
    import pwd

    user = pwd.getpwnam("nobody")
    step(tree, owner="nobody:")
    assert state(tree)[:2] == (user.pw_uid, user.pw_gid)
    step(tree, owner=f"root:{grp.getgrgid(0).gr_name}")
    assert state(tree)[:2] == (0, 0)


def test_who_is_not_root_is_told_of_fsgroup(tree: Path) -> None:
    """It may read everything here, as it may in an image of its own; what it may not is give away."""
    need_root("it becomes another user")
    setpriv = need_program("setpriv", "util-linux")
    reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    argv = [setpriv, "--reuid=1234", "--regid=1234", "--clear-groups", *reading, "--",
            *command(["permissions", tree, "--owner", "999:998", "--recursive", "--log-format", "text"])]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, env=clean_environment(), check=False, cwd="/")
    assert done.returncode == 20, done.stderr
    assert f"{tree}: Operation not permitted" in done.stderr
    assert "securityContext.fsGroup: 998" in done.stderr
    assert "securityContext.runAsUser: 999" in done.stderr


def test_root_without_the_capability_is_told_which(tree: Path) -> None:
    need_root("it drops capabilities")
    setpriv = need_program("setpriv", "util-linux")
    argv = [setpriv, "--bounding-set=-chown", "--inh-caps=-chown", "--",
            *command(["permissions", tree, "--owner", "999", "--log-format", "text"])]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, env=clean_environment(), check=False, cwd="/")
    assert done.returncode == 20, done.stderr
    assert "capabilities.add: [CHOWN]" in done.stderr


def test_many_threads_do_the_same_as_one_and_long_trees_tell_how_far_they_are(
    step: Step, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a volume that is slow: each thread that waits is joined by another one."""
    monkeypatch.setattr(crew, "_TICK", 0.001)
    monkeypatch.setattr(crew, "_BUSY", 1000.0)
    monkeypatch.setattr(crew, "_TELL_EVERY", 0.0)
    for folder in range(40):
        (tmp_path / f"{folder}/sub").mkdir(parents=True)
        for file in range(50):
            (tmp_path / f"{folder}/sub/{file}").touch()
    assert step(tmp_path, file_mode="0600", recursive=True).text == "2,000 of 2,081 changed"
    progress = [event for event in step.events if isinstance(event, TargetSeen)]
    assert progress
    assert all("looked at" in event.state for event in progress)
    assert {oct(path.stat().st_mode & 0o777) for path in tmp_path.rglob("*") if path.is_file()} == {"0o600"}
    assert not step(tmp_path, file_mode="0600", recursive=True).changed


def test_a_signal_ends_it_at_once(step: Step, tree: Path) -> None:
    step.stop.request("SIGTERM")
    with pytest.raises(StoppedError):
        step(tree, mode="go=", recursive=True)


def test_the_command_line_does_the_same(tree: Path) -> None:
    done = run_cli(["permissions", tree, tree / "run.sh", "--mode", "u=rwX,go=", "--recursive", "--log-format=text"])
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "[permissions] 6 of 8 changed" in done.stderr
    assert "mode 0755 -> 0700" in done.stderr
    again = run_cli(["permissions", tree, "--mode", "u=rwX,go=", "--recursive", "--check", "--log-format=text"])
    assert again.returncode == 0
    assert "[permissions] unchanged (7 looked at)" in again.stderr
    differs = run_cli(["permissions", tree, "--mode", "u=rwX,g=rX,o=", "--check", "--log-format=text"])
    assert differs.returncode == 3
    assert "error: 1 of 1 would change" in differs.stderr
    wrong = run_cli(["permissions", tree, "--mode", "u=rwX", "--hard-links", "alow", "--log-format=text"])
    assert wrong.returncode == 2
    assert "did you mean allow?" in wrong.stderr


def test_as_a_step_with_unquoted_numbers(tmp_path: Path, tree: Path) -> None:
    """`mode: 0640` and `owner: 0:0` are text in YAML 1.2, `owner: 999` is a number: all are understood."""
    (tmp_path / "lockmaster.yaml").write_text(
        "steps:\n  - permissions: {path: data/config.yaml, owner: 0:0, mode: 0640}\n"
        "  - permissions: {path: [data/run.sh], owner: 0, mode: 750}\n"
    )
    done = run_cli(["up", "--log-format", "text"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (state(tree / "config.yaml")[2], state(tree / "run.sh")[2]) == ("0o640", "0o750")
    assert "[permissions] 1 of 1 changed" in done.stderr
    assert "[permissions-2] data/run.sh: mode 0755 -> 0750" in done.stderr
