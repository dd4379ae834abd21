"""`lockmaster kube check` as people and pipelines run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import clean_environment, run_cli

HERE = Path(__file__).parent
EXAMPLE = HERE / "manifests" / "web-with-migration.yaml"
GOOD = HERE / "examples" / "selector.good.yaml"
PASSWORD = "changeme"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the first example in it."""
    (tmp_path / "web.yaml").write_text(EXAMPLE.read_text())
    return tmp_path


def check(*args: str | Path, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return run_cli(["kube", "check", *args], env=env, cwd=cwd)


def piped(text: str, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lockmaster", "kube", "check", *args]
    return subprocess.run(
        command, input=text, capture_output=True, text=True, check=False, env=clean_environment(), timeout=60
    )


def test_the_report_names_places_rules_and_what_to_do(project: Path) -> None:
    done = check("web.yaml", cwd=project)
    assert done.returncode == 3
    assert done.stderr == ""
    assert "web.yaml: Deployment web-with-migration" in done.stdout
    assert "  web.yaml:12:         - name: migrate\n" in done.stdout
    assert "error: spec.selector and the labels of the pod template are missing [selector]" in done.stdout
    assert done.stdout.count("put it into a Secret") == 1
    assert "3 errors, 5 warnings, 1 info: 1 object in 1 file" in done.stdout
    assert "\x1b" not in done.stdout


def test_colour_is_for_terminals_or_who_asks(project: Path) -> None:
    asked = check("web.yaml", "--color", "always", cwd=project).stdout
    assert "\x1b[31;1merror:\x1b[0m" in asked
    assert "\x1b" not in check("web.yaml", "--color", "auto", cwd=project).stdout


def test_a_name_cannot_steer_the_terminal(project: Path) -> None:
    text = EXAMPLE.read_text().replace("name: migrate", 'name: "migrate\\e[2J"')
    (project / "web.yaml").write_text(text)
    assert "\x1b" not in check("web.yaml", cwd=project).stdout


def test_nothing_found() -> None:
    done = check(GOOD)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("nothing found: 1 object in 1 file, ")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--only", "termination-message"], 0),
        (["--only", "termination-message", "--fail-on", "info"], 3),
        (["--only", "latest-tag"], 3),
        (["--only", "latest-tag", "--fail-on", "error"], 0),
        (["--only", "selector", "--fail-on", "error"], 3),
        (["--fail-on", "never"], 0),
    ],
)
def test_the_exit_status(options: list[str], status: int) -> None:
    assert check(EXAMPLE, *options).returncode == status


def test_severity_hides_and_does_not_change_the_status() -> None:
    done = check(EXAMPLE, "--severity", "error", "--only", "latest-tag")
    assert done.returncode == 3
    assert "latest-tag" not in done.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "which manifests?"),
        (["--live", "x.yaml"], "--live looks at a cluster, not at files"),
        (["--live", "--fix"], "--live mends nothing"),
        (["x.yaml", "-n", "shop"], "a namespace is for --live"),
        (["x.yaml", "--only", "latest"], "there is no rule 'latest'"),
        (["x.yaml", "--ignore", "selectr"], "did you mean selector?"),
        (["x.yaml", "--output", "xml"], "--output: 'xml' is not one of"),
        (["x.yaml", "--fail-on", "warn"], "did you mean warning?"),
        (["x.yaml", "--diff", "-o", "sarif"], "cannot both be on stdout"),
        (["--explain", "latest"], "there is no rule 'latest'"),
        (["x.yaml"], "x.yaml: No such file or directory"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(args: list[str], said: str) -> None:
    done = check(*args, LOCKMASTER_LOG_FORMAT="text")
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_the_rules_are_listed_and_explained() -> None:
    listed = check("--list").stdout.splitlines()
    assert len(listed) >= 25
    assert any(line.startswith("unlocked-replicas") and " error " in line for line in listed)
    explained = check("--explain", "unlocked-replicas").stdout
    assert "What happens: two pods run the same statements" in explained
    assert "lockmaster.dev/ignore: unlocked-replicas" in explained


def test_stdin() -> None:
    done = piped(EXAMPLE.read_text(), "-")
    assert done.returncode == 3
    assert "stdin:12: " in done.stdout
    assert piped("", "-").returncode == 2


@pytest.mark.parametrize("output", ["human", "json", "sarif", "github"])
def test_no_form_prints_a_password(output: str, tmp_path: Path) -> None:
    text = EXAMPLE.read_text() + "            - {name: DB_PASSWORD, value: hunter22}\n"
    text = text.replace('["npm", "run", "migrate"]', '["migrate", "-database", "postgres://a:topsecret@db/x", "up"]')
    (tmp_path / "web.yaml").write_text(text)
    done = check("web.yaml", "-o", output, cwd=tmp_path)
    assert "plain-password" in done.stdout
    for secret in (PASSWORD, "hunter22", "topsecret"):
        assert secret not in done.stdout + done.stderr


def test_diff_shows_and_writes_nothing(project: Path) -> None:
    done = check("web.yaml", "--diff", cwd=project)
    assert done.returncode == 3
    assert "+  selector:\n+    matchLabels:\n+      app: web\n" in done.stdout
    assert PASSWORD not in done.stdout
    assert (project / "web.yaml").read_text() == EXAMPLE.read_text()


def test_fix_writes_in_place_and_tells_what_is_left(project: Path) -> None:
    path = project / "web.yaml"
    path.write_text("# ours\n" + EXAMPLE.read_text())
    path.chmod(0o640)
    (project / "link.yaml").symlink_to(path)
    done = check("link.yaml", "--fix", cwd=project)
    assert done.returncode == 3
    assert "mended: selector, termination-message" in done.stdout
    assert "[selector]" not in done.stdout
    assert path.read_text().startswith("# ours\n")
    assert (path.stat().st_mode & 0o777, (project / "link.yaml").is_symlink()) == (0o640, True)
    assert sorted(one.name for one in project.iterdir()) == ["link.yaml", "web.yaml"]
    before = path.read_text()
    assert check("web.yaml", "--fix", cwd=project).returncode == 3
    assert path.read_text() == before


def test_fix_of_stdin_goes_to_stdout() -> None:
    done = piped(EXAMPLE.read_text(), "-", "--fix")
    assert "  selector:\n    matchLabels:\n      app: web\n" in done.stdout
    assert done.stdout.startswith("apiVersion: apps/v1")
    assert "mended: selector" in done.stderr


def test_json(project: Path) -> None:
    done = check("web.yaml", "--output", "json", cwd=project)
    report = json.loads(done.stdout)
    (first, *_) = report["findings"]
    assert (first["rule"], first["severity"], first["file"], first["line"], first["column"]) == (
        "selector", "error", "web.yaml", 7, 1,
    )  # fmt: skip
    assert first["object"] == {"kind": "Deployment", "name": "web-with-migration", "namespace": None}
    assert (first["path"], first["fixable"]) == ("spec", True)
    assert report["summary"] == {"error": 3, "warning": 5, "info": 1, "objects": 1, "passed": 0, "mended": 0}


def test_in_a_github_workflow_findings_are_its_commands(tmp_path: Path) -> None:
    """Percent signs, commas and colons are escaped, so that no name can end a command or begin another one."""
    (tmp_path / "a,b:100%.yaml").write_text(
        EXAMPLE.read_text().replace("name: web-with", 'name: "x\\n::error::y"\n  x: web-with')
    )
    done = check("a,b:100%.yaml", cwd=tmp_path, GITHUB_ACTIONS="true")
    lines = done.stdout.splitlines()
    begin = "::error file=a%2Cb%3A100%25.yaml,line=8,col=1,title=selector::Deployment x ::error::y: spec.selector"
    assert lines[0].startswith(begin)
    assert "%0A" in lines[0]
    assert {line.partition(" ")[0] for line in lines[:-1]} == {"::error", "::warning", "::notice"}
    assert lines[-1] == "lockmaster kube check: 3 error, 5 warning, 1 info"
    assert "::error" not in check("a,b:100%.yaml", "-o", "json", cwd=tmp_path, GITHUB_ACTIONS="true").stdout[:9]
