"""`make bundle`: build/lockmaster, and dist/lockmaster-VERSION-linux-ARCH.tar.gz of it; its sizes are printed."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

from tools.bundle import build, content, pack, programs


def main() -> int:
    """Make the bundle; 1 when it is larger than it may be."""
    parser = argparse.ArgumentParser(prog="tools.bundle", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("build/lockmaster"), help="its folder, replaced if it is there"
    )
    parser.add_argument("--archive", type=Path, help="the archive (default: dist/lockmaster-VERSION-linux-ARCH.tar.gz)")
    parser.add_argument("--python", help="the interpreter that goes in (default: the one under this environment)")
    chosen = parser.parse_args()
    if reason := programs.compilers():
        parser.error(reason)
    os.umask(0o022)
    made = build.bundle(chosen.out, chosen.python)
    name = f"lockmaster-{build.version()}-linux-{platform.machine()}"
    archive = chosen.archive or Path("dist") / f"{name}.tar.gz"
    archive.parent.mkdir(parents=True, exist_ok=True)
    pack.folder(made.root, archive, "lockmaster")
    return report("bundle", made.root, archive.stat().st_size, content.BUNDLE_LIMIT, archive)


def report(what: str, root: Path, compressed: int, limit: int, archive: Path) -> int:
    """Print the sizes; 1 when the limit is passed."""
    mb = 1_000_000
    print(f"{what}: {pack.size_of(root) / mb:.1f} MB in {root}; {compressed / mb:.1f} MB compressed in {archive}")
    if compressed <= limit:
        return 0
    print(f"{what}: larger than its limit of {limit / mb:.0f} MB", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
