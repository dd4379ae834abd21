"""The command line as a process: start, signals, streams, and what a start must not load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lockmaster import __version__
from lockmaster.cli.table import COMMANDS, GROUPS, in_group

SOURCE = str(Path(__file__).parents[3] / "src")
BARE = {"PATH": os.environ["PATH"], "PYTHONPATH": SOURCE}
HELD = """
import lockmaster, sys, time, types
compose = types.ModuleType("lockmaster.compose")
def migrate(options, *, events, stop):
    print("working", flush=True)
    import select
    select.select([stop], [], [], 20)
    if options.pod == "deaf":
        print("asked", flush=True)
        time.sleep(20)
    stop.check()
compose.migrate = migrate
sys.modules["lockmaster.compose"] = lockmaster.compose = compose
from lockmaster.cli.__main__ import main
main()
"""


def cli(*argv: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lockmaster", *argv]
    return subprocess.run(
        command, env=BARE | (env or {}), cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )


def held(*argv: str) -> subprocess.Popen[str]:
    """A `migrate` that waits until it is told to stop."""
    process = subprocess.Popen(
        [sys.executable, "-c", HELD, "migrate", "--url=sqlite:x", "--log-format=text", *argv],
        env=BARE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    return process


def test_the_version() -> None:
    done = cli("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"lockmaster {__version__}\n", "")


@pytest.mark.parametrize("command", ["", *COMMANDS, *GROUPS])
def test_help_is_data(command: str) -> None:
    done = cli("help", *command.split())
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith(f"usage: lockmaster {command}".rstrip())
    assert "\x1b" not in done.stdout


KUBE = ", ".join(command.name for command in in_group("kube"))


@pytest.mark.parametrize(
    ("argv", "error", "hint"),
    [
        (["migrat"], "there is no command 'migrat'", "did you mean migrate?"),
        (["kube"], "kube: which command?", f"there are {KUBE}; lockmaster help kube"),
        (["kube", "chek"], "there is no command 'kube chek'", "did you mean kube check?"),
        (["kub", "check"], "there is no command 'kub'", "did you mean kube?"),
        (["gate", "--dry-run"], "gate has no option --dry-run", "lockmaster gate --help"),
        (["migrate", "--dry-run=true"], "--dry-run takes no value", "--dry-run alone is yes, --no-dry-run is no"),
        (["migrate", "--no-quiet=1"], "--no-quiet takes no value", "--quiet alone is yes, --no-quiet is no"),
    ],
)
def test_a_mistake(argv: list[str], error: str, hint: str) -> None:
    done = cli(*argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {error}\n\nhint: {hint}\n"


def test_without_a_database(tmp_path: Path) -> None:
    done = cli("migrate", cwd=tmp_path)
    assert done.returncode == 2
    assert json.loads(done.stderr)["message"] == "no database: its URL is missing"


@pytest.mark.parametrize(("number", "name"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "SIGINT")])
def test_a_signal_asks_to_stop(number: int, name: str) -> None:
    process = held()
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 143
    assert err.startswith(f"error: stopped by {name}\n")


def test_the_second_signal_is_obeyed_on_the_spot() -> None:
    process = held("--pod=deaf")
    assert process.stdout is not None
    process.terminate()
    assert process.stdout.readline() == "asked\n"
    start = time.monotonic()
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 143
    assert time.monotonic() - start < 5


def test_a_reader_that_goes_away_is_no_trouble() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "lockmaster", "settings"],
        env=BARE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait(10)


def test_without_any_stream() -> None:
    script = f"exec {sys.executable} -m lockmaster settings >&- 2>&-"
    assert subprocess.run(["sh", "-c", script], env=BARE, check=False, timeout=60).returncode == 0


@pytest.mark.parametrize(
    "argv", [["settings"], ["settings", "--json"], ["help"], ["--version"], ["completion", "bash"]]
)
def test_an_answer_that_cannot_be_written_was_a_success(argv: list[str]) -> None:
    command = [sys.executable, "-m", "lockmaster", *argv]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, env=BARE, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert done.returncode == 1
    assert "the output cannot be written: No space left on device" in done.stderr
    assert "bug" not in done.stderr


EARLY = """
import os, signal, sys, types
class App(types.ModuleType):
    def __getattr__(self, name):  # what main() wants of this module as soon as it has loaded it
        os.kill(os.getpid(), signal.{signal})
        raise AssertionError("still here")
sys.modules["lockmaster.cli.app"] = App("app")
from lockmaster.cli.__main__ import main
main()
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_before_anything_was_begun_was_a_traceback_or_nothing(name: str) -> None:
    """Ctrl-C was a KeyboardInterrupt; SIGTERM kills nobody who is process 1 and has not asked for it."""
    command = [sys.executable, "-c", EARLY.format(signal=name)]
    done = subprocess.run(command, env=BARE, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (143, "")


def test_text_that_is_no_text_can_be_printed(tmp_path: Path) -> None:
    command: list[str | bytes] = [sys.executable, "-m", "lockmaster", "settings", b"--dir=\xff"]
    done = subprocess.run(command, env=BARE, cwd=tmp_path, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0
    assert rb"\udcff" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion(shell: str) -> None:
    pytest.importorskip("shtab")
    script = cli("completion", shell).stdout
    assert "--wait-for-turn" in script
    assert "transaction" in script
    assert "--no-quiet" not in script
    done = subprocess.run(["bash", "-n"], input=script, text=True, check=False, timeout=60) if shell == "bash" else None
    assert done is None or done.returncode == 0


def test_completion_without_shtab(tmp_path: Path) -> None:
    (tmp_path / "shtab.py").write_text("raise ImportError")
    done = cli("completion", "bash", env={"PYTHONPATH": f"{tmp_path}:{SOURCE}"})
    assert done.returncode == 2
    assert "pip install 'lockmaster[completion]'" in done.stderr
