"""lockmaster gate: exits with 0 when somebody else has brought the schema to the level of the folder."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster import compose

    compose.gate(call.options, events=call.emit, stop=call.stop)
    return 0
