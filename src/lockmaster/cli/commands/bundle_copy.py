"""lockmaster bundle copy: put the bundle that this runs from into a folder, whole or not at all."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster.bundled import place
    from lockmaster.cli.copying import copy
    from lockmaster.errors import UsageError

    source = place()
    if not source:
        hint = "run it from Lockmaster's image, or from a bundle that `make bundle` made"
        raise UsageError("this Lockmaster is not a bundle, so there is nothing to copy", hint=hint)
    target = call.words[0]
    copied = copy(source, target, extras=call.asked("extras"))
    call.print(f"{target}: {'copied' if copied else 'already there'}")
    return 0
