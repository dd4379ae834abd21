"""lockmaster permissions: owner and mode of files and folders. With --check, exit 3 tells that something differs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster.cli import step_specs
    from lockmaster.cli.step_world import world
    from lockmaster.prepare.alone import alone

    spec = step_specs.spec("permissions", call, path=list(call.words))
    alone("permissions", spec, world(call))
    return 0
