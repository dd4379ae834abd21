"""lockmaster new NAME: prints the path of the file that it made."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster import compose

    call.print(compose.new(call.options, call.words[0], events=call.emit, stop=call.stop))
    return 0
