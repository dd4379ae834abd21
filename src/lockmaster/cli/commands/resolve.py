"""lockmaster resolve: records the user's word on one migration, and runs nothing."""

from __future__ import annotations

from lockmaster.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster import compose

    applied, rolled_back = call.flags.get("applied", ""), call.flags.get("rolled_back", "")
    if bool(applied) == bool(rolled_back):
        hint = "it is in effect: --applied MIGRATION; nothing of it is left: --rolled-back MIGRATION"
        raise UsageError("resolve takes one of --applied and --rolled-back", hint=hint)
    call.print(compose.resolve(call.options, applied, rolled_back, events=call.emit, stop=call.stop))
    return 0
