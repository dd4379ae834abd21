"""A Kubernetes cluster for tests: one of ours (tools/cluster), or the current context of the machine's own kubectl.

Ours lives from construction until close(), and ends with the tests also where these end by kill -9 (home.py).
"""

from __future__ import annotations

import atexit
import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.support import cluster_build
from tests.support.home import new_folder, remove
from tests.support.needs import need, need_program, need_root

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

START_LIMIT = 300  # seconds; it needs 4 to 7 on an idle machine
PROGRAM = cluster_build.SOURCE / "cluster"


class KubectlError(AssertionError):
    """kubectl said no."""


class Cluster:
    """What a test may ask of any cluster."""

    ours = False

    def __init__(self, kubectl: str, environ: Mapping[str, str]) -> None:
        self._kubectl, self._environ = kubectl, environ

    @property
    def kubeconfig(self) -> str:
        """Where kubectl, and whoever reads the same file, finds the cluster."""
        return self._environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")

    def kubectl(self, *args: str, stdin: str | None = None, limit: float = 120) -> str:
        """Run kubectl to its end, and give what it said; an error is an exception."""
        done = self.ask(*args, stdin=stdin, limit=limit)
        if done.returncode:
            raise KubectlError(f"kubectl {' '.join(args)}: {done.stderr.strip()}\n{done.stdout[-2000:]}")
        return done.stdout

    def ask(
        self,
        *args: str,
        stdin: str | None = None,
        limit: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl to its end, whatever that is."""
        return subprocess.run(
            [self._kubectl, *args],
            env=self._environ,
            input=stdin or "",
            capture_output=True,
            text=True,
            check=False,
            timeout=limit,
        )

    def json(self, *args: str) -> Any:
        return json.loads(self.kubectl(*args, "-o", "json"))

    def load(self, archive: Path) -> None:
        """Give the node the images of an archive."""
        raise NotImplementedError

    def close(self) -> None:
        """End what we started."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class CurrentContext(Cluster):
    """A cluster that somebody else runs. Images get there by a command, to which the archive's name is added."""

    def __init__(self, loader: str) -> None:
        super().__init__(need_program("kubectl", "kubernetes-client"), os.environ)
        need(loader, "--use-current-context needs --image-loader, as 'kind load image-archive'")
        self._loader = shlex.split(loader)
        self.kubectl("get", "--raw", "/readyz")

    def load(self, archive: Path) -> None:
        subprocess.run([*self._loader, archive], check=True, timeout=START_LIMIT)


class OwnCluster(Cluster):
    """A cluster of one node in namespaces of its own. Several at once do not meet."""

    ours = True

    def __init__(self) -> None:
        need_root("makes a cluster in namespaces and cgroups of its own")
        for program, package in (("ip", "iproute2"), ("nft", "nftables"), ("unshare", "util-linux")):
            need_program(program, package)
        programs = cluster_build.programs("kube", "node")
        self._folder = new_folder("cluster")
        state = self._folder / "state"
        self._program_environ = {
            "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin",
            "CLUSTER_STATE": str(state),
            "CLUSTER_PROGRAMS": ":".join(map(str, programs)),
            "CLUSTER_WAIT": str(START_LIMIT),
        }
        places = {"KUBECONFIG": str(state / "pki" / "admin.conf"), "KUBECACHEDIR": str(state / "cache")}
        super().__init__(str(state / "bin" / "kubectl"), os.environ | places)
        self._owner = os.getpid()
        atexit.register(self.close)
        self._leave_word_how_to_end(state)
        self._run("up")

    def _leave_word_how_to_end(self, state: Path) -> None:
        """For the watcher of the folder, should the tests be killed."""
        end = self._folder / "end"
        end.write_text(f"#!/bin/sh\nCLUSTER_STATE={shlex.quote(str(state))} exec {shlex.quote(str(PROGRAM))} down\n")
        end.chmod(0o755)

    def _run(self, *args: str) -> None:
        # What is starting it must not outlive us either: then nobody would know of what it starts.
        command: Sequence[str | Path] = ["setpriv", "--pdeathsig", "KILL", PROGRAM, *args]
        done = subprocess.run(
            command, env=self._program_environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False, timeout=START_LIMIT * 3,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"cluster {args[0]}: {done.stdout}")

    def load(self, archive: Path) -> None:
        self._run("load", str(archive))

    def on_node(self, *command: str, limit: float = 60) -> str:
        """Run a command as the node's root, in its namespaces."""
        done = subprocess.run(
            [PROGRAM, "exec", *command], env=self._program_environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=limit,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout

    def events_into(self, path: Path) -> subprocess.Popen[bytes]:
        """Let containerd write its events to a file, with their nanoseconds, until the process is killed."""
        with path.open("wb") as file:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", PROGRAM, "ctr", "events"],
                env=self._program_environ, stdin=subprocess.DEVNULL, stdout=file, start_new_session=True,
            )  # fmt: skip

    def close(self) -> None:
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.close)
        if shutil.which("setpriv"):
            self._run("down")
        remove(self._folder)
