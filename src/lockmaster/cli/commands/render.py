"""lockmaster render: a file, or a folder of files, from templates. With --diff, stdout shows what changes."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call
    from lockmaster.events import Event


def run(call: Call) -> int:
    from lockmaster.cli import step_specs
    from lockmaster.cli.step_world import world
    from lockmaster.prepare.alone import alone
    from lockmaster.prepare.steps.render.variables import of_command_line
    from lockmaster.step_events import Compared

    def emit(event: Event) -> None:
        if isinstance(event, Compared):
            call.stdout.write(event.diff)
        else:
            call.emit(event)

    source, target = call.words
    values = of_command_line(call.listed("set"))

    spec = step_specs.spec("render", call, **{"from": source, "to": target}, values=values)
    alone("render", spec, world(call)._replace(emit=emit))
    return 0
