"""Two machines and the cable between them: network namespaces joined by veth pairs.

with TwoMachines() as net:
    server = start_server("wheel18", listen=net.server.address, prefix=net.server.prefix)
    client = net.client.run(["lockmaster", "migrate"], env=...)
    net.link_down()   # nobody is told: no end of connection, no reset, packets vanish

Only what runs in a namespace reaches its address: from the test itself use the server's Unix socket.
"""

import atexit
import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.needs import need, need_program, need_root


@dataclass
class Machine:
    """One end of the cable: a namespace with one address."""

    ip: str
    name: str
    address: str
    device: str
    _running: list[subprocess.Popen[Any]] = field(default_factory=list)

    @property
    def prefix(self) -> list[str]:
        """The words that put a command into this namespace."""
        return [self.ip, "netns", "exec", self.name]

    def run(self, argv: Sequence[str | Path], **options: Any) -> subprocess.Popen[Any]:
        """Start a program here; it is killed at the end, if it still runs. Options are subprocess.Popen's."""
        options.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen([*self.prefix, *argv], **options)
        self._running.append(process)
        return process

    def link(self, state: str) -> None:
        _ip(self.ip, "-n", self.name, "link", "set", self.device, state)

    def end(self) -> None:
        """Kill what was started here by run(), and remove the namespace."""
        for process in self._running:
            if process.poll() is None:
                process.kill()
                process.wait(10)
        _remove(self.ip, self.name)


class TwoMachines:
    """Namespaces `server` and `client`, each with a cable to a switch, from construction until close().

    The switch is a namespace too. A cable that is pulled behind it leaves both ends with a device that is up: packets
    vanish, as they do when a node dies. (A device that is down would be noticed by the kernel at its own end;
    Machine.link("down") does that.)
    """

    def __init__(self) -> None:
        need_root("makes network namespaces")
        self._ip = need_program("ip", "iproute2")
        tag = os.urandom(3).hex()  # a device's name has 15 characters at most
        self._switch = f"lm-x-{tag}"
        self.server = Machine(self._ip, f"lm-s-{tag}", "10.231.0.1", f"lms{tag}")
        self.client = Machine(self._ip, f"lm-c-{tag}", "10.231.0.2", f"lmc{tag}")
        self._owner = os.getpid()
        made = subprocess.run(
            [self._ip, "netns", "add", self._switch], capture_output=True, text=True, check=False, timeout=10
        )
        need(made.returncode == 0, f"needs the right to make network namespaces: {made.stderr.strip()}")
        atexit.register(self.close)
        _ip(self._ip, "-n", self._switch, "link", "add", "switch", "type", "bridge")
        _ip(self._ip, "-n", self._switch, "link", "set", "switch", "up")
        for machine in (self.server, self.client):
            self._connect(machine)
        self.link_up()

    def link_down(self) -> None:
        """Pull the client's cable; nobody is told."""
        _ip(self._ip, "-n", self._switch, "link", "set", f"to-{self.client.device}", "nomaster")

    def link_up(self) -> None:
        """Plug it in again."""
        _ip(self._ip, "-n", self._switch, "link", "set", f"to-{self.client.device}", "master", "switch")

    def close(self) -> None:
        """End what runs in them, and remove the namespaces; their devices go with them."""
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.close)
        self.client.end()
        self.server.end()
        _remove(self._ip, self._switch)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self, machine: Machine) -> None:
        _ip(self._ip, "netns", "add", machine.name)
        port = f"to-{machine.device}"
        peer = ["peer", "name", machine.device, "netns", machine.name]
        _ip(self._ip, "-n", self._switch, "link", "add", port, "type", "veth", *peer)
        _ip(self._ip, "-n", self._switch, "link", "set", port, "master", "switch", "up")
        _ip(self._ip, "-n", machine.name, "addr", "add", f"{machine.address}/24", "dev", machine.device)
        _ip(self._ip, "-n", machine.name, "link", "set", "lo", "up")
        machine.link("up")


def _ip(program: str, *arguments: str) -> None:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=10)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def _remove(program: str, namespace: str) -> None:
    with suppress(RuntimeError):
        _ip(program, "netns", "del", namespace)
