"""The files of a pattern: into a folder, or one after the other."""

from __future__ import annotations

import os

from lockmaster.errors import UsageError


def together(files: dict[str, str]) -> str:
    """All of them as one text; where there are several, each under its name."""
    if len(files) == 1:
        return next(iter(files.values()))
    return "".join(f"# File: {name}\n{text}" for name, text in files.items())


def write(folder: str, files: dict[str, str], *, force: bool) -> list[str]:
    """Write them below `folder`, and give their paths. Nothing is written where one of them is there already."""
    paths = {os.path.join(folder, *name.split("/")): text for name, text in files.items()}
    there = [path for path in paths if os.path.lexists(path)]
    if there and not force:
        raise UsageError(f"{there[0]} is already there", hint="--force replaces it; --output names another folder")
    for path, text in paths.items():
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}", hint="--output DIR") from error
    return list(paths)
