"""Which variables a Prisma schema takes its URLs from. Reads at most a few small files, and never fails."""

from __future__ import annotations

import os


def variables(folder: str, cwd: str) -> dict[str, tuple[str, str]]:
    """For "url" and "directUrl" of the datasource: the variable's name, and the origin to show.

    `folder` is the folder of migrations, if it was given: its schema is beside it. Else the places where Prisma looks.
    """
    for path in _schemas(folder, cwd):
        text = _read(os.path.join(cwd, path))
        if "datasource" in text:
            return _datasource(text, path)
    return {}


def _schemas(folder: str, cwd: str) -> list[str]:
    if folder:
        near = os.path.dirname(folder.rstrip("/"))
        return _in_folder(near, cwd)
    named = _named_in_package(_read(os.path.join(cwd, "package.json")))
    if named.endswith(".prisma"):
        return [named]
    if named:
        return _in_folder(named, cwd)
    return [*_in_folder("prisma", cwd), "schema.prisma"]


def _in_folder(folder: str, cwd: str) -> list[str]:
    """The .prisma files of a folder, schema.prisma first; of its subfolder schema/ too (several files)."""
    found: list[str] = []
    for place in (folder, os.path.join(folder, "schema")):
        try:
            names = [name for name in os.listdir(os.path.join(cwd, place)) if name.endswith(".prisma")]
        except OSError:
            continue
        found += [os.path.join(place, name) for name in sorted(names, key=lambda name: (name != "schema.prisma", name))]
    return found


def _named_in_package(text: str) -> str:
    if '"prisma"' not in text:
        return ""
    import json

    try:
        return str(json.loads(text)["prisma"]["schema"])
    except (ValueError, KeyError, TypeError):
        return ""


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(1 << 20)
    except (OSError, UnicodeDecodeError):
        return ""


def _datasource(text: str, path: str) -> dict[str, tuple[str, str]]:
    """`url = env("X")` lines of the first datasource block."""
    found: dict[str, tuple[str, str]] = {}
    inside = False
    for line in text.splitlines():
        words = line.partition("//")[0].replace("=", " = ").split()
        if words[:1] == ["datasource"]:
            inside = True
        elif inside and words[:1] == ["}"]:
            break
        elif inside and len(words) >= 3 and words[0] in ("url", "directUrl"):  # noqa: PLR2004
            call = "".join(words[2:])
            if call.startswith('env("') and call.endswith('")'):
                found[words[0]] = (call[5:-2], f"{path} {words[0]} {call.replace(chr(34), '')}")
    return found
