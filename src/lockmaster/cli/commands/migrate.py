"""lockmaster migrate: the schema is at the level of the folder when it exits with 0."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster import compose

    if not call.options.dry_run:
        compose.migrate(call.options, events=call.emit, stop=call.stop)
        return 0
    report = compose.dry_run(call.options, events=call.emit, stop=call.stop)
    for row in report.rows:
        call.print(f"-- {row.label}\n{row.sql.rstrip()}\n")
    if not report.rows:
        call.print("-- nothing to apply")
    for note in report.notes:
        call.print(f"-- {note}")
    return 0
