"""lockmaster completion bash|zsh: a script for the shell to read."""

from __future__ import annotations

from lockmaster.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lockmaster.cli.app import Call

SHELLS = ("bash", "zsh")


def run(call: Call) -> int:
    from lockmaster.cli import completing

    shell = call.words[0]
    if shell not in SHELLS:
        raise UsageError(f"no completion for {shell!r}", hint="lockmaster completion bash, or zsh")
    call.print(completing.script(shell))
    return 0
