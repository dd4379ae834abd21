"""lockmaster help [COMMAND]."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster.cli import helping

    call.print(helping.text(call.words[0] if call.words else "", call.stdout))
    return 0
