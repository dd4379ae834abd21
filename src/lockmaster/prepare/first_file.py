"""The text of a first lockmaster.yaml: what is in a folder, as steps that can be run as they are."""

from __future__ import annotations

import os

from lockmaster.errors import UsageError

HEAD = """\
# What happens before the application starts: lockmaster up [-- COMMAND]
# `lockmaster schema > lockmaster.schema.json` makes what editors complete by:
# yaml-language-server: $schema=lockmaster.schema.json
"""


def first_file(folder: str) -> str:
    """Raises UsageError when nothing is found that could be a step."""
    steps = [*_migrations(folder)]
    if not steps:
        hint = "it looks for migrations of a known format; lockmaster help lists what steps there are"
        raise UsageError("nothing here that a step could be made of", hint=hint)
    return HEAD + "\nsteps:\n" + "\n".join(steps)


def _migrations(folder: str) -> list[str]:
    """The step that migrates: as the format's own tool would find the folder."""
    from lockmaster.formats import detect, discover

    project = discover.discover(folder)
    if project is not None:
        where = os.path.relpath(project.dir, folder)
        return [f"  # {project.format}, found by {os.path.relpath(project.origin, folder)}\n  - migrate: {where}\n"]
    for name in ("migrations", "db/migrations", "database/migrations", "sql"):
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            try:
                kind = detect.detect(path, "auto")
            except UsageError:
                continue
            return [f"  # {kind}\n  - migrate: {name}\n"]
    return []
