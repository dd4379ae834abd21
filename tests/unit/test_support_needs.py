"""A gap is a skip on a laptop and a failure where everything is required."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import needs

ROOT = Path(__file__).parents[2]
OPTIONS = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
TESTS = """
import pytest

def test_a():
    pytest.skip("a reason")

@pytest.mark.optional("why not")
def test_b():
    pytest.skip("b reason")
"""


@pytest.fixture(autouse=True)
def laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(needs, "_required", False)


def test_there_goes_on(tmp_path: Path) -> None:
    needs.need(tmp_path, "no reason")
    needs.need(found=True, reason="no reason")
    assert needs.need_program("sh", "dash") == needs.need_program("sh", "dash")


def test_missing_skips_on_a_laptop(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match="the reason"):
        needs.need(tmp_path / "absent", "the reason")


@pytest.mark.parametrize("how", ["CI", "option"])
def test_missing_fails_where_required(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "CI":
        monkeypatch.setenv("CI", "true")
    else:
        needs.require_all(required=True)
    with pytest.raises(pytest.fail.Exception, match="the reason"):
        needs.need(found=None, reason="the reason")


@pytest.mark.parametrize(
    ("env", "tests", "status"), [({}, "", 0), ({"CI": "true"}, "", 1), ({"CI": "true"}, "-k test_b", 0)]
)
def test_any_skip_fails_the_run_in_ci(tmp_path: Path, env: dict[str, str], tests: str, status: int) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "conftest.py").write_text("from tests.conftest import *  # noqa\n")
    (folder / "test_it.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, *tests.split(), str(folder / "test_it.py")],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert ("where everything is required" in done.stdout) == (status == 1)
