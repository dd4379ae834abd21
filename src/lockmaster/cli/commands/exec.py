"""lockmaster exec -- CMD ARGS: a command under the turn, at most once per key."""

from __future__ import annotations

from lockmaster.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster.cli.step_world import world
    from lockmaster.prepare.alone import alone
    from lockmaster.prepare.steps.exec.order import Asked
    from lockmaster.settings.durations import duration

    if not call.rest:
        raise UsageError("the command is missing", hint="lockmaster exec [options] -- npm run migrate")
    flags = call.flags
    asked = Asked(
        command=call.rest,
        once=flags.get("once", ""),
        once_of=call.listed("once_of"),
        always=call.asked("always"),
        retry_on=flags.get("retry_on", ""),
        retries=_number(flags.get("retries", "3")),
        grace=duration(flags.get("grace", "10s")),
        export_url=flags.get("export_url", ""),
        end_orphans=call.asked("end_orphans"),
        lease=flags.get("lease", ""),
    )
    alone("exec", asked, world(call))
    return 0


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"--retries: {text!r} is not a number", hint="how often it is tried again: --retries 5")
    return int(text)
