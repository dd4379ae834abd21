"""lockmaster kube inject, as a process."""

from __future__ import annotations

import stat
import subprocess
from typing import TYPE_CHECKING

from tests.manifests.inject.files import WEB, injected
from tests.support.cli import clean_environment, command, run_cli

if TYPE_CHECKING:
    from pathlib import Path

SECRET = WEB.replace("$(PASSWORD)", "changeme")


def piped(text: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(["kube", "inject", "-", *words]),
        input=text,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_stdin_becomes_stdout_and_nothing_else_is_there() -> None:
    done = piped(WEB, "--from=same-image", "--", "--ddl-lock-timeout", "1s")
    assert done.returncode == 0, done.stderr
    assert done.stdout == injected(WEB, source="same-image", options=("--ddl-lock-timeout", "1s"))
    assert "stdin:14: lockmaster is added to Deployment web" in done.stderr


def test_in_place_writes_what_changes_and_keeps_the_mode(tmp_path: Path) -> None:
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(WEB)
    one.chmod(0o640)
    other.write_text("kind: Service\nmetadata: {name: web}\n")
    (tmp_path / "link.yaml").symlink_to(one)
    before = other.stat().st_ino
    done = run_cli(["kube", "inject", "link.yaml", other, "-i"], cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert one.read_text() == injected(WEB)
    assert (tmp_path / "link.yaml").is_symlink()
    assert stat.S_IMODE(one.stat().st_mode) == 0o640
    assert other.stat().st_ino == before
    assert run_cli(["kube", "inject", "one.yaml", "--remove", "-i"], cwd=tmp_path).returncode == 0
    assert one.read_text() == WEB
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "one.yaml", "other.yaml"]


def test_a_diff_writes_nothing_and_shows_no_password(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(SECRET)
    done = run_cli(["kube", "inject", "web.yaml", "--diff", "-i"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "+      - name: lockmaster\n" in done.stdout
    assert "changeme" not in done.stdout + done.stderr
    assert file.read_text() == SECRET


def test_several_files_are_one_after_the_other(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(WEB.replace("name: web\n", f"name: {name}\n", 1))
    done = run_cli(["kube", "inject", "a.yaml", "b.yaml", "--from", "same-image"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line == "---"] == ["---"]
    assert done.stdout.count("- name: lockmaster\n") == 2


def test_mistakes_have_their_line_and_change_nothing(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(WEB.replace("        image:", "       image:"))
    done = run_cli(["kube", "inject", "web.yaml", "-i"], cwd=tmp_path)
    assert done.returncode == 2
    assert "web.yaml:1" in done.stderr
    file.write_text(WEB)
    for words in (["--workload", "none"], ["--deadline", "soon"], ["--wrap", "none"]):
        assert run_cli(["kube", "inject", "web.yaml", "-i", *words], cwd=tmp_path).returncode == 2
    assert run_cli(["kube", "inject", "-", "-i"], cwd=tmp_path).returncode == 2
    assert file.read_text() == WEB


def test_a_deadline_that_is_none_is_told_with_its_flag() -> None:
    assert "flag --deadline: 'soon' is not a duration" in piped(WEB, "--deadline", "soon").stderr


def test_an_option_that_no_pod_would_take_is_refused_here() -> None:
    for words, message in (
        (["--", "--once-of", "x"], "behind --: migrate has no option --once-of"),
        (["--wrap", "migrate", "--", "--bogus"], "behind --: exec has no option --bogus"),
    ):
        done = piped(WEB, *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert message in done.stderr
    assert piped(WEB, "--gate", "--", "--to", "3").returncode == 0


def test_no_password_of_a_variable_or_a_word_is_shown() -> None:
    words = "command: [flyway, -password, s3parate99, migrate]"
    env = "env: [{name: PGPASSWORD, value: pa55word99}]"
    text = SECRET + f"      initContainers:\n      - {{name: migrate, image: x, {words}, {env}}}\n"
    shown = piped(text, "--wrap", "migrate", "--diff").stdout
    assert "PGPASSWORD" in shown
    refused = piped(text, "--replace", "migrate").stderr
    assert "flyway -password" in refused
    checked = subprocess.run(command(["kube", "check", "-"]), input=text, capture_output=True, text=True, check=False)
    assert "behind -password" in checked.stdout
    for output in (shown, refused, checked.stdout):
        assert "pa55word99" not in output
        assert "s3parate99" not in output
