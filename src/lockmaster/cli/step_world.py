"""What a step may know that is a command of its own. Apart from `step_specs`: `exec` runs on every start, and pays for it."""

from __future__ import annotations

import os

from lockmaster.prepare.alone import World

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def world(call: Call) -> World:
    """The process's own environment and folder, and the settings that the command line has."""
    return World(
        os.environ, os.getcwd(), call.emit, call.stop, call.hide, call.options.deadline, resolved=call.resolved
    )
