"""Tests of one group run in one process, so that what they share is made once."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(8))
def test_where(number, worker_id):
    print(f"ran in {worker_id}")
"""
OPTIONS = ["-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), "-p", "tests.conftest"]


def test_group_of_xdist_was_spread_over_all_workers(tmp_path: Path) -> None:
    """It was, silently, from pytest 9.2 on."""
    (tmp_path / "test_group.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", *OPTIONS, "-n", "2", "--dist", "loadgroup", "-rP", str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=100).stdout
    assert "8 passed" in said, said
    assert len({word for word in ("ran in gw0", "ran in gw1") if word in said}) == 1, said
