"""One replica: the real command line in a process of its own, and what its log says of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

RESTART_SECONDS = 1.0  # Kubernetes would wait 10 s before the first restart


class Replica:
    """Starts `lockmaster migrate`, as an init container would, and starts it again when it was killed."""

    def __init__(self, name: str, folder: Path, url: str) -> None:
        self.name, self._folder, self._url = name, folder, url
        self.state, self.detail = "starting", ""
        self.starts = 0
        self.killed = False
        self.status: int | None = None
        self._process: subprocess.Popen[str] | None = None
        self._dead_since = 0.0

    @property
    def holds(self) -> bool:
        return self.state == "migrating"

    @property
    def over(self) -> bool:
        """Ready, or ended by an error of its own: nothing more will happen here."""
        return self.state in {"ready", "failed"}

    @property
    def ready(self) -> bool:
        return self.status == 0

    def start(self) -> None:
        command = [sys.executable, "-m", "lockmaster", "migrate", "--dir", str(self._folder / "prisma" / "migrations")]
        self._process = subprocess.Popen(
            [*command, "--pod", self.name, "--log-format", "json", "--verbose"],
            env={"PATH": os.environ.get("PATH", ""), "DATABASE_URL": self._url},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.starts += 1
        self.state, self.detail, self.status = "starting", "", None
        threading.Thread(target=self._follow, args=(self._process,), daemon=True).start()

    def kill(self) -> None:
        """SIGKILL: no clean-up of any kind runs."""
        if self._process is not None:
            self.killed = True
            self._process.kill()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def look(self) -> None:
        """Notice the end of the process; restart it as the kubelet would."""
        if self._process is None or self._process.poll() is None:
            return
        self.status = self._process.returncode
        if self.status == 0:
            self.state = "ready"
        elif self.status > 0:
            self.state = "failed"
        elif self.state != "killed":
            self.state, self.detail = "killed", f"exit {self.status}, restarting"
            self._dead_since = time.monotonic()
        elif time.monotonic() - self._dead_since > RESTART_SECONDS:
            self.start()

    def _follow(self, process: subprocess.Popen[str]) -> None:
        for line in process.stderr or ():
            try:
                event = json.loads(line)
            except ValueError:
                self.detail = line.strip()
                continue
            if process is self._process and self.state != "killed":
                self._understand(event)

    def _understand(self, event: dict[str, Any]) -> None:
        kind = event.get("event")
        if kind == "waiting":
            self.state, self.detail = "waiting", str(event.get("message", ""))
        elif kind in {"turn_taken", "applying"} or (kind == "planned" and event.get("binding")):
            self.state, self.detail = "migrating", ""
        elif kind == "failed":
            self.detail = str(event.get("message", ""))
        elif kind == "ready":
            self.detail = f"{event.get('applied', 0)} applied by it"
