"""lockmaster settings: each effective value with its origin. Reads no database, shows no secret."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster.cli.render_table import aligned
    from lockmaster.settings.showing import show

    rows = show(call.resolved)
    if call.asked("json"):
        import json

        call.print(json.dumps([{"key": key, "value": value, "origin": origin} for key, value, origin in rows]))
        return 0
    for line in aligned([("SETTING", "VALUE", "ORIGIN"), *rows]):
        call.print(line)
    return 0
