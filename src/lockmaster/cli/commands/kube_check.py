"""lockmaster kube check FILE...: what goes wrong with migrations on Kubernetes, found before it does."""

from __future__ import annotations

from lockmaster.errors import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster.cli.findings import asked, given, looking, reporting, rules
    from lockmaster.manifests.check.run import checks

    if call.flags.get("explain"):
        call.print(rules.explanation(call.flags["explain"]))
        return 0
    chosen = checks(call.listed("only"), call.listed("ignore"))
    if call.asked("list"):
        call.print(rules.listing(check.RULE for check in chosen))
        return 0
    wishes = asked.wishes(call)
    streams = given.streams(call)
    looked = looking.mend(streams, chosen, wishes) if wishes.mends else looking.look(streams, chosen, live=wishes.live)
    given.warn(call, looked.notes)
    reporting.report(call, looked, wishes)
    return int(Exit.BEHIND) if looking.at_least(looked.report.findings, wishes.fail_on) else 0
