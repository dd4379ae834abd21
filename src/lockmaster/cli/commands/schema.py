"""lockmaster schema: what lockmaster.yaml may hold, as JSON Schema."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    import json

    from lockmaster.prepare.schema import schema

    call.print(json.dumps(schema(), indent=2))
    return 0
