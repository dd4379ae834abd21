"""Write the report in the form that is asked for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lockmaster.cli.findings.looking import at_least
from lockmaster.cli.findings.shown import Shown
from lockmaster.cli.output import colored
from lockmaster.settings.secret import mask

if TYPE_CHECKING:
    from lockmaster.cli.app import Call
    from lockmaster.cli.findings.asked import Wishes
    from lockmaster.cli.findings.looking import Looked


def report(call: Call, looked: Looked, wishes: Wishes) -> None:
    """The findings to stdout. Of standard input that was mended stdout gets the manifests, stderr the findings."""
    files = 0 if wishes.live else len(looked.streams)
    found = [
        one._replace(message=mask(one.message, *looked.secrets))  # it may show a command with a URL
        for one in at_least(looked.report.findings, wishes.severity)
    ]
    shown = Shown(found, looked.report, files, len(looked.chosen), looked.mended, looked.secrets)
    stream = call.stdout
    if wishes.diff:
        call.stdout.write(shown.hidden(looked.diff))
    elif wishes.fix and wishes.stdin:
        call.stdout.write("".join(one.text for one in looked.streams))
        stream = sys.stderr
    color = colored(call.options.color, stream)
    text = _rendered(shown, looked, wishes.output, color=color)
    if stream is call.stdout:
        call.print(text)
    else:
        stream.write(text + "\n")


def _rendered(shown: Shown, looked: Looked, output: str, *, color: bool) -> str:
    if output == "json":
        from lockmaster.cli.findings import machine

        return machine.render(shown)
    if output == "sarif":
        from lockmaster.cli.findings import sarif

        return sarif.render(shown, [check.RULE for check in looked.chosen])
    if output == "github":
        from lockmaster.cli.findings import github

        return github.render(shown)
    from lockmaster.cli.findings import human

    return human.render(shown, color=color)
