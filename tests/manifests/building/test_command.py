"""`lockmaster kube build`, the real command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.manifests.building.made import containers, files, load, one, pods
from tests.support.cli import run_cli

if TYPE_CHECKING:
    from pathlib import Path

NAMED = ("--name", "web", "--image", "registry.example/web:1.2")


def test_it_prints_what_can_be_applied_at_once(tmp_path: Path) -> None:
    done = run_cli(["kube", "build", "--pattern", "init", *NAMED], cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "".join(files("init", dir="").values())


def test_several_files_are_printed_under_their_names(tmp_path: Path) -> None:
    done = run_cli(["kube", "build", "--pattern", "flux", *NAMED], cwd=tmp_path)
    names = [line.removeprefix("# File: ") for line in done.stdout.splitlines() if line.startswith("# File: ")]
    assert names == ["flux.yaml", "web/migrate/job.yaml", "web/app/web.yaml"]
    assert len(load(done.stdout)) == 8


def test_files_are_written_and_never_overwritten(tmp_path: Path) -> None:
    command = ["kube", "build", "--pattern", "helm-hook", *NAMED, "--output", "deploy"]
    done = run_cli(command, cwd=tmp_path)
    assert done.stdout.splitlines()[:2] == ["deploy/web/Chart.yaml", "deploy/web/values.yaml"]
    assert all((tmp_path / path).is_file() for path in done.stdout.splitlines())
    values = tmp_path / "deploy/web/values.yaml"
    values.write_text("mine: true\n")
    (tmp_path / "deploy/web/Chart.yaml").unlink()
    again = run_cli(command, cwd=tmp_path)
    assert again.returncode == 2
    assert "deploy/web/values.yaml is already there" in again.stderr
    assert values.read_text() == "mine: true\n"
    assert not (tmp_path / "deploy/web/Chart.yaml").exists()
    assert run_cli([*command, "--force"], cwd=tmp_path).returncode == 0
    assert "mine" not in values.read_text()


def test_lockmaster_yaml_is_respected(tmp_path: Path) -> None:
    (tmp_path / "lockmaster.yaml").write_text("dir: db/sql\ndeadline: 1h\nhistory_schema: ops\nurl: sqlite:x\n")
    done = run_cli(["kube", "build", *NAMED], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (pod,) = pods(load(done.stdout))
    found = containers(pod)
    assert found["migrate"]["args"] == ["--dir=db/sql", "--history-schema=ops", "--deadline=1h"]
    assert one(load(done.stdout), "Deployment")["spec"]["progressDeadlineSeconds"] == 2 * 3600 + 300
    assert "sqlite" not in done.stdout


def test_a_flag_is_stronger_than_lockmaster_yaml(tmp_path: Path) -> None:
    (tmp_path / "lockmaster.yaml").write_text("dir: db/sql\n")
    done = run_cli(
        ["kube", "build", *NAMED, "--dir", "/srv/sql", "--from", "copy", "--proxy", "p:1", "--proxy-arg=--x=1"],
        cwd=tmp_path,
    )
    found = containers(pods(load(done.stdout))[0])
    assert found["lockmaster-copy"]["command"][2] == "/srv/sql/."
    assert found["database-proxy"]["args"] == ["--x=1"]


def test_a_mistake_is_one_line_and_a_hint(tmp_path: Path) -> None:
    done = run_cli(["kube", "build", "--name", "web", "--image", "web", "--log-format", "text"], cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        "error: --image: web may be another build tomorrow\n\nhint: a tag that names one build"
    )


def test_what_the_containers_are_told_is_what_lockmaster_takes(tmp_path: Path) -> None:
    """Every option that is put into a manifest is one of the command that it is given to."""
    keys = {"schema": "s", "history_schema": "h", "wait_for_turn": "1h", "ahead": "fail", "recover": "never", "to": "3"}
    (tmp_path / "lockmaster.yaml").write_text("".join(f"{key}: {text}\n" for key, text in keys.items()))
    command = ["kube", "build", "--pattern", "job-and-gate", *NAMED, "--from", "copy", "--dir", "/x"]
    done = run_cli(command, cwd=tmp_path)
    for pod in pods(load(done.stdout)):
        for name, container in containers(pod).items():
            if name in ("migrate", "gate"):
                args = [
                    *container["command"][1:],
                    *container["args"],
                    "--url",
                    f"sqlite:{tmp_path}/none/x",
                    "--to",
                    "9",
                ]
                said = run_cli([*args, "--log-format", "text"], cwd=tmp_path)
                assert "has no option" not in said.stderr
                assert "/migrations" in said.stderr  # it came as far as looking for them
