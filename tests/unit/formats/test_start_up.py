"""Start-up is a budget (DESIGN.md section 10): what the formats load on the way of every pod."""

import subprocess
import sys

import pytest

HEAVY = {
    "hashlib", "pathlib", "dataclasses", "uuid", "json", "decimal", "datetime",
    "inspect", "unicodedata", "fnmatch",
}  # fmt: skip


@pytest.mark.parametrize("module", ["prisma", "native", "detect"])
def test_nothing_heavy_is_loaded(module: str) -> None:
    code = f"import sys, lockmaster.formats.{module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
                            capture_output=True, text=True, check=True).stdout.split()  # fmt: skip
    assert not HEAVY & set(loaded)
