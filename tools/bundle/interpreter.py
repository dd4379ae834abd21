"""The Python that goes in: the one under the virtual environment that runs this, from Debian, pyenv or python.org's image."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_ASK = """
import json, os, sys, sysconfig
print(json.dumps({
    "program": os.path.realpath(sys.executable),
    "version": "%d.%d" % sys.version_info[:2],
    "full_version": sys.version.split()[0],
    "stdlib": sysconfig.get_path("stdlib"),
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """`program` is the ELF file itself; `extensions` the folder of the standard library's own .so files."""

    program: Path
    version: str
    full_version: str
    stdlib: Path
    extensions: Path


def base() -> str:
    """The program under the running virtual environment."""
    return getattr(sys, "_base_executable", "") or sys.executable


def ask(program: str) -> Interpreter:
    """Look at a Python. It must be of the version that the packages of this environment were made for."""
    done = subprocess.run([program, "-I", "-c", _ASK], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if said["version"] != here:
        msg = f"{program} is Python {said['version']}, and the packages are those of {here}"
        raise SystemExit(msg)
    stdlib = Path(said["stdlib"])
    return Interpreter(Path(said["program"]), said["version"], said["full_version"], stdlib, stdlib / "lib-dynload")
