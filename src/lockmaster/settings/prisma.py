"""Which variables a Prisma schema takes its URLs from: read by hand, because a start pays for every expression.

`formats.prisma_config` is the whole reader; this one reads the schema beside a given folder of migrations, never
fails, and knows no other place. `lockmaster.project` has both.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Variables = dict[str, tuple[str, str]]  # "url" and "directUrl": the variable's name, and the origin to show
    Project = Callable[[str, str], Variables]  # from the folder of migrations ("" if not given) and where we are


def variables(folder: str, cwd: str) -> Variables:
    """What the datasource beside `folder` names; nothing where there is no folder or no datasource."""
    if folder:
        for path in _schemas(os.path.dirname(folder.rstrip("/")), cwd):
            text = _read(os.path.join(cwd, path))
            if "datasource" in text:
                return _datasource(text, path)
    return {}


def _schemas(folder: str, cwd: str) -> list[str]:
    """The .prisma files of a folder, schema.prisma first; of its subfolder schema/ too (several files)."""
    found: list[str] = []
    for place in (folder, os.path.join(folder, "schema")):
        try:
            names = [name for name in os.listdir(os.path.join(cwd, place)) if name.endswith(".prisma")]
        except OSError:
            continue
        names.sort(key=lambda name: (name != "schema.prisma", name))
        found += [os.path.join(place, name) for name in names]
    return found


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 20)
    except OSError:
        return ""


def _datasource(text: str, path: str) -> Variables:
    """`url = env("X")` lines of the first datasource block."""
    found: Variables = {}
    inside = False
    for line in text.splitlines():
        words = line.partition("//")[0].replace("=", " = ").split()
        if words[:1] == ["datasource"]:
            inside = True
        elif inside and words[:1] == ["}"]:
            break
        elif inside and words[1:2] == ["="] and words[0] in ("url", "directUrl"):
            call = "".join(words[2:])
            if call.startswith('env("') and call.endswith('")'):
                found[words[0]] = (call[5:-2], f"{path} {words[0]} env({call[5:-2]})")
    return found
