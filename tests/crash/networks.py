"""A network that can be unplugged: a namespace for the client, joined to ours by one cable (a veth pair)."""

import itertools
import os
import subprocess
from types import TracebackType
from typing import Self

from tests.support.needs import need, need_program, need_root

_numbers = itertools.count()


class Cable:
    """`prefix` starts a program at the far end; `unplug` takes the link down there, and nobody is told."""

    def __init__(self) -> None:
        need_root("makes network namespaces")
        self._ip = need_program("ip", "iproute2")
        number = (os.getpid() * 7 + next(_numbers)) % 16_000
        self.name, self._ours, self._theirs = f"lm-{number}", f"lmo{number}", f"lmt{number}"
        net = f"10.{213 + number // 8000}.{number // 64 % 250}.{number % 64 * 4}"
        first, _, last = net.rpartition(".")
        self.here, self.there = f"{first}.{int(last) + 1}", f"{first}.{int(last) + 2}"
        made = subprocess.run([self._ip, "netns", "add", self.name], capture_output=True, text=True, check=False)
        need(made.returncode == 0, f"needs the right to make network namespaces: {made.stderr.strip()}")
        self._run("link", "add", self._ours, "type", "veth", "peer", "name", self._theirs, "netns", self.name)
        self._run("addr", "add", f"{self.here}/30", "dev", self._ours)
        self._run("link", "set", self._ours, "up")
        self._run("-n", self.name, "addr", "add", f"{self.there}/30", "dev", self._theirs)
        self._run("-n", self.name, "link", "set", "lo", "up")
        self.plug()

    @property
    def prefix(self) -> list[str]:
        return [self._ip, "netns", "exec", self.name]

    def plug(self) -> None:
        self._run("-n", self.name, "link", "set", self._theirs, "up")

    def unplug(self) -> None:
        self._run("-n", self.name, "link", "set", self._theirs, "down")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run("link", "del", self._ours)
        self._run("netns", "del", self.name)

    def _run(self, *arguments: str) -> None:
        subprocess.run([self._ip, *arguments], check=True, capture_output=True, timeout=10)
