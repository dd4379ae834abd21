"""The real helm: a chart's files in, its manifests out."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.goprogram import HELM3, by_go


def helm(folder: Path, *words: str) -> str:
    """Run it beside a chart; it knows no cluster, and nothing of its user."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "KUBECONFIG": "/dev/null"}
    done = subprocess.run([by_go(*HELM3), *words], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def chart(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def rendered(files: dict[str, str], *words: str, namespace: str = "shop") -> str:
    """The manifests of a release named `web`, its hooks too."""
    with TemporaryDirectory() as folder:
        return helm(chart(Path(folder), files), "template", "web", "./web", "--namespace", namespace, *words)
