"""lockmaster up: the steps of lockmaster.yaml in order; then, with a command behind `--`, this process becomes it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster.prepare import run as preparing
    from lockmaster.prepare import spec
    from lockmaster.prepare.alone import World

    path, name, folder = place(call)
    steps = spec.read(path, name, os.environ, call.hide)
    world = World(os.environ, folder, call.emit, call.stop, call.hide, call.options.deadline, path)
    preparing.run(steps, world)
    if call.rest:
        from lockmaster.prepare.become import become

        call.settle()
        become(call.rest, os.environ, call.stop)
    return 0


def place(call: Call) -> tuple[str, str, str]:
    """Where lockmaster.yaml is: its path, what to call it, and its folder."""
    from lockmaster.settings.resolving import FILE

    config = call.resolved.found.get("config")
    name = config.text if config else FILE
    path = os.path.abspath(name)
    return path, name, os.path.dirname(path)
