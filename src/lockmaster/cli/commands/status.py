"""lockmaster status: folder and history side by side. With --check, exit 3 tells that the schema is behind."""

from __future__ import annotations

from lockmaster.errors import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster import compose
    from lockmaster.cli import render_status
    from lockmaster.cli.output import colored

    report = compose.status(call.options, events=call.emit, stop=call.stop)
    if call.asked("json"):
        call.print(render_status.as_json(report))
    else:
        call.print(render_status.as_text(report, color=colored(call.options.color, call.stdout)))
    return int(Exit.BEHIND) if call.asked("check") and not report.current else 0
