"""Write requirements/*.lock: every package pinned, with the hashes of all its files, for Python 3.11 and later.

Run by `make lock`. It uses uv, which asks the package index itself and so never sees files that only this machine has
(pip's find-links); the index that pip is set to is handed on, and never written into a lock.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_IMAGE = [f"--extra={name}" for name in ("completion", "fetch", "kube", "render", "wait")]
LOCKS = {
    "dev": ["--extra", "dev"],
    "demo": ["--extra", "embedded"],
    "image": [*_IMAGE, "--constraint", "requirements/dev.lock"],  # what the Dockerfile puts in was tested in dev
}
OPTIONS = [
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-emit-package=lockmaster",
    "--custom-compile-command=make lock",
    "--quiet",
]


def main() -> None:
    environment = _environment()
    upgrade = ["--upgrade"] if "--upgrade" in sys.argv[1:] else []
    for name, extra in LOCKS.items():
        target = Path("requirements") / f"{name}.lock"
        command = ["uv", "pip", "compile", "pyproject.toml", "requirements/build.in"]
        command += [*OPTIONS, *extra, *upgrade, "--output-file", str(target)]
        program = Path(sys.executable).with_name("uv")
        subprocess.run([program, *command[1:]], cwd=ROOT, env=environment, check=True)
        print(f"{target}: {(ROOT / target).read_text().count('==')} packages")


def _environment() -> dict[str, str]:
    environment = dict(os.environ)
    index, certificate = _pip_setting("global.index-url"), _pip_setting("global.cert", ":env:.cert")
    if index:
        environment.setdefault("UV_DEFAULT_INDEX", index)
    if certificate:
        environment.setdefault("SSL_CERT_FILE", certificate)
    return environment


def _pip_setting(*names: str) -> str | None:
    for name in names:
        command = [sys.executable, "-m", "pip", "config", "get", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.strip()
    return None


if __name__ == "__main__":
    main()
