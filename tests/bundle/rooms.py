"""Root file systems as images have them, and programs run in them as in a container.

Another root, user 10001, nothing that can be written but /work, and no /proc unless asked for.

    room = Room(tmp_path, "alpine", bundle)
    done = room.run([room.lockmaster, "version"], env={"A": "b"})

`empty` holds the bundle and nothing else; `alpine` a busybox, musl's loader and a program linked with musl; `debian` is
this machine's own /usr and /etc.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.needs import need, need_program, need_root
from tools.bundle import elf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KINDS = ("debian", "alpine", "empty")
USER = 10001
_SHOW = r"""
#include <stdio.h>
extern char **environ;
int main(void) { for (char **e = environ; *e; e++) puts(*e); return 0; }
"""
_MUSL = Path("/lib/ld-musl-x86_64.so.1")


class Room:
    """One root with the bundle at /any where/lockmaster: a path with a blank, as nobody should have it."""

    lockmaster = "/any where/lockmaster/lockmaster"
    python = "/any where/lockmaster/bin/python"

    def __init__(self, folder: Path, kind: str, bundle: Path) -> None:
        need_root("other roots and other users")
        self.kind, self.root = kind, folder / kind
        place = self.root / "any where"
        place.mkdir(parents=True)
        subprocess.run(["cp", "-al", bundle, place / "lockmaster"], check=True)
        self.writable = self.folder("work", mode=0o777)
        self._mounted: list[str] = []
        folder.chmod(0o755)
        {"debian": self._debian, "alpine": self._alpine, "empty": lambda: None}[kind]()

    def folder(self, name: str, mode: int = 0o755) -> Path:
        """Make a folder in it."""
        path = self.root / name
        path.mkdir(parents=True)
        path.chmod(mode)
        return path

    def run(
        self, argv: Sequence[str], env: Mapping[str, str] | None = None, *, proc: bool = False, cwd: str = "/",
        user: int = USER,
    ) -> subprocess.CompletedProcess[str]:  # fmt: skip
        """Run a program of the room, to its end. The environment is exactly the one given."""
        words = ["chroot", f"--userspec={user}:{user}", str(self.root), *argv]
        if cwd != "/":
            words = ["chroot", f"--userspec={user}:{user}", str(self.root), "/any where/lockmaster/bin/python", "-c",
                     "import os, sys; os.chdir(sys.argv[1]); os.execve(sys.argv[2], sys.argv[2:], dict(os.environ))",
                     cwd, *argv]  # fmt: skip
        given = [f"{name}={value}" for name, value in (env or {}).items()]
        tools = shutil.which("env"), need_program("chroot", "coreutils")
        command = shlex.join([str(tools[0]), "-i", *given, tools[1], *words[1:]])
        return subprocess.run(
            [need_program("unshare", "util-linux"), "--mount", "sh", "-e", "-c", f"{self._mounts(proc=proc)}\nexec {command}"],
            capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def _mounts(self, *, proc: bool) -> str:
        root = shlex.quote(str(self.root))
        lines = [f"mount --bind {root} {root}"]
        lines += [f"mount --bind {shlex.quote(place)} {root}{shlex.quote(place)}" for place in self._mounted]
        lines += [f"mount --bind {root}/work {root}/work", f"mount -o remount,ro,bind {root}"]
        if proc:
            (self.root / "proc").mkdir(exist_ok=True)
            lines.append(f"mount --bind /proc {root}/proc")
        return "\n".join(lines)

    def _debian(self) -> None:
        need(Path("/usr/bin/env"), "needs a machine with /usr/bin")
        for name in ("usr", "etc"):
            self.folder(name)
            self._mounted.append(f"/{name}")
        for name in ("bin", "lib", "lib64", "sbin"):
            if Path(f"/{name}").is_symlink():
                (self.root / name).symlink_to(Path(f"/{name}").readlink())
            elif Path(f"/{name}").is_dir():
                self.folder(name)
                self._mounted.append(f"/{name}")

    def _alpine(self) -> None:
        busybox = Path(need_program("busybox", "busybox-static"))
        compiler = need_program("musl-gcc", "musl-tools")
        need(elf.loader(busybox) == "", "needs a busybox without libraries (Debian package busybox-static)")
        (self.folder("bin") / "busybox").write_bytes(busybox.read_bytes())
        (self.root / "bin/busybox").chmod(0o755)
        for name in ("sh", "env", "sleep"):
            (self.root / "bin" / name).symlink_to("busybox")
        shutil.copyfile(_MUSL.resolve(), self.folder("lib") / _MUSL.name)
        (self.root / "lib" / _MUSL.name).chmod(0o755)
        subprocess.run([compiler, "-x", "c", "-", "-o", self.root / "bin/show"], input=_SHOW, text=True, check=True)
        etc = self.folder("etc")
        (etc / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\napp:x:10001:10001::/work:/bin/sh\n")
        (etc / "hosts").write_text("127.0.0.1 localhost\n")
