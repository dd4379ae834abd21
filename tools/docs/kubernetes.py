"""Writes the manifests of docs/kubernetes/ by running their commands; with --check only says whether they are current.

Run by `python tools/docs/kubernetes.py [--check]`. In a page, the block of YAML that comes after a command `lockmaster
kube build` is what it prints; `<!-- shown: FILE ... -->` in between names the files that are shown.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGES = Path(__file__).resolve().parents[2] / "docs" / "kubernetes"
_BLOCK = re.compile(
    r"(```console\n\$ lockmaster (kube build [^\n|>]*)\n```\n\n(?:<!-- shown: ([^\n]*) -->\n)?```yaml\n).*?^```$",
    re.MULTILINE | re.DOTALL,
)


def page(text: str) -> str:
    """The page with its manifests as they are made now."""
    return _BLOCK.sub(lambda found: f"{found[1]}{_made(found[2].split(), (found[3] or '').split())}```", text)


def _made(words: list[str], shown: list[str]) -> str:
    command = [sys.executable, "-m", "lockmaster", *words]
    done = subprocess.run(command, cwd=PAGES, stdout=subprocess.PIPE, text=True, check=True)
    if not shown:
        return done.stdout
    parts = re.split(r"^(?=# File: )", done.stdout, flags=re.MULTILINE)
    return "".join(part for part in parts if part.partition("\n")[0].removeprefix("# File: ") in shown)


def main(*, check: bool) -> int:
    """Write the pages; with `check` only compare them."""
    stale = []
    for path in sorted(PAGES.glob("*.md")):
        old = path.read_text()
        if (new := page(old)) != old:
            stale.append(path.name)
            if not check:
                path.write_text(new)
    if check and stale:
        print(f"{', '.join(stale)}: not current; run make docs", file=sys.stderr)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv))
