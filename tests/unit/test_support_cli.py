"""The program as a process."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.support import cli
from tests.support.cli import clean_environment, herd, run_cli, start_cli


@pytest.fixture
def python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program of the test's own in place of the command line: `args` are Python code."""
    monkeypatch.setattr(cli, "command", lambda args: [sys.executable, "-c", *map(str, args)])


def test_runs_the_real_command() -> None:
    done = run_cli(["--help"])
    assert done.returncode == 0, done.stderr
    assert "migrate" in done.stdout


@pytest.mark.usefixtures("python")
def test_environment_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")
    monkeypatch.setenv("PGHOST", "elsewhere")
    done = run_cli(["import os, json; print(json.dumps(dict(os.environ)))"], env={"GIVEN": "1"})
    seen = json.loads(done.stdout)
    assert seen["GIVEN"] == "1"
    assert seen["PATH"] == os.environ["PATH"]
    assert not {"DATABASE_URL", "PGHOST"} & set(seen)
    assert "PYTEST_CURRENT_TEST" not in clean_environment()


@pytest.mark.usefixtures("python")
def test_is_killed_and_terminated() -> None:
    code = "import time; print('up', flush=True); time.sleep(60)"
    with start_cli([code]) as one, start_cli([code]) as two:
        one.wait_for("up")
        one.kill9()
        assert one.wait().returncode == -signal.SIGKILL
        two.wait_for("up")
        two.terminate()
        assert two.wait(5).returncode == -signal.SIGTERM


@pytest.mark.usefixtures("python")
def test_one_that_does_not_end_fails_with_what_it_said() -> None:
    code = "import time; print('stuck here', flush=True); time.sleep(60)"
    with pytest.raises(AssertionError, match="stuck here"):
        run_cli([code], timeout=1.5)


@pytest.mark.usefixtures("python")
def test_block_ends_the_process() -> None:
    with start_cli(["import time; time.sleep(60)"]) as run:
        pid = run.pid
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.usefixtures("python")
def test_herd_starts_together() -> None:
    code = "import os, time; print(os.environ['N'], time.time())"
    done = herd(8, [code], env=lambda number: {"N": str(number)})
    seen = [each.stdout.split() for each in done]
    assert [number for number, _ in seen] == [str(n) for n in range(8)]
    began = [float(when) for _, when in seen]
    assert max(began) - min(began) < 5
