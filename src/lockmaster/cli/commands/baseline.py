"""lockmaster baseline: records migrations as applied that the database has already, and prints which."""

from __future__ import annotations

from lockmaster.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster import compose

    to = call.flags.get("to", "")
    if not to:
        hint = "lockmaster baseline --to MIGRATION marks everything up to MIGRATION as applied"
        raise UsageError("baseline needs --to: the last migration that the database has", hint=hint)
    for label in compose.baseline(call.options, to, events=call.emit, stop=call.stop):
        call.print(label)
    return 0
