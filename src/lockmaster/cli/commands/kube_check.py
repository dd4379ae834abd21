"""lockmaster kube check FILE...: what goes wrong with migrations on Kubernetes, found before it does."""

from __future__ import annotations

import sys

from lockmaster.errors import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call


def run(call: Call) -> int:
    from lockmaster.manifests.check.run import check
    from lockmaster.manifests.stream import read

    findings = check([read(path, sys.stdin) for path in call.words])
    for finding in findings:
        call.print(
            f"{finding.place}: {finding.rule.severity}: {finding.object.title}: {finding.message} [{finding.rule.id}]"
        )
    return int(Exit.BEHIND) if findings else 0
