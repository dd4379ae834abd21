"""What is asked of `kube check` by its options, proved to make sense together."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lockmaster.cli.table import COMMANDS
from lockmaster.errors import UsageError
from lockmaster.settings.suggest import did_you_mean
from lockmaster.values import NamedTuple

if TYPE_CHECKING:
    from lockmaster.cli.app import Call


class Wishes(NamedTuple):
    """The options. `output` is never `auto`."""

    output: str
    severity: str
    fail_on: str
    fix: bool
    diff: bool
    live: bool
    stdin: bool

    @property
    def mends(self) -> bool:
        """Whether anything is to be mended, be it only to be shown."""
        return self.fix or self.diff


def wishes(call: Call) -> Wishes:
    """The options of this command line. Raises UsageError."""
    found = Wishes(
        _output(_choice(call, "output")), _choice(call, "severity"), _choice(call, "fail_on"),
        call.asked("fix"), call.asked("diff"), call.asked("live"), "-" in call.words,
    )  # fmt: skip
    if found.live and call.words:
        raise UsageError("--live looks at a cluster, not at files", hint="leave out one of the two")
    if found.live and found.mends:
        raise UsageError("--live mends nothing", hint="mend the manifests, and apply them")
    if not found.live and (call.flags.get("namespace") or call.asked("all_namespaces")):
        raise UsageError("a namespace is for --live", hint="lockmaster kube check --live -n NAME")
    if found.diff and found.output in ("json", "sarif"):
        raise UsageError(f"--diff and --output {found.output} cannot both be on stdout", hint="one after the other")
    if found.fix and not found.diff and found.stdin and len(call.words) > 1:
        raise UsageError("--fix of stdin goes to stdout: no file beside it", hint="one after the other")
    return found


def _output(wish: str) -> str:
    if wish != "auto":
        return wish
    return "github" if os.environ.get("GITHUB_ACTIONS") == "true" else "human"


def _choice(call: Call, key: str) -> str:
    (option,) = (option for option in COMMANDS["kube check"].own if option.key == key)
    wish = call.flags.get(key, option.default)
    if wish not in option.choices:
        hint = did_you_mean(wish, option.choices) or f"lockmaster kube check {option.flag} {option.default}"
        raise UsageError(f"{option.flag}: {wish!r} is not one of {', '.join(option.choices)}", hint=hint)
    return wish
