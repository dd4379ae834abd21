"""lockmaster bundle copy: put the bundle that this runs from into a folder, whole or not at all."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    import os

    from lockmaster.bundled import place
    from lockmaster.cli.copying import copy
    from lockmaster.errors import UsageError

    source = place()
    if not source:
        hint = "run it from Lockmaster's image, or from a bundle that `make bundle` made"
        raise UsageError("this Lockmaster is not a bundle, so there is nothing to copy", hint=hint)
    target, extras = call.words[0], call.asked("extras")
    if extras and not os.path.isdir(os.path.join(source, "extras")):
        hint = "Lockmaster's image has them: `lockmaster bundle copy DIR --extras` in a container of it"
        raise UsageError("this bundle has no extras that could be copied", hint=hint)
    copied = copy(source, target, extras=extras)
    call.print(f"{target}: {'copied' if copied else 'already there'}")
    return 0
