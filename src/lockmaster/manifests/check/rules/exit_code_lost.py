"""A migration whose failure is not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lockmaster.manifests.check.migrating import Migration
    from lockmaster.manifests.check.model import Finding, World
    from lockmaster.manifests.check.shell import Command

RULE = Rule(
    id="exit-code-lost",
    severity="error",
    title="the failure of the migration is hidden",
    effect="a failed migration counts as done: the application starts on the old schema, and nobody is told",
    help="let the migration be the last command, joined by &&, or begin the script with set -e (and set -o pipefail "
    "before a pipe)",
)
_HARMLESS = ("true", ":", "echo", "exit 0", "printf", "sleep")
_LOOKS = ("exit $?", "rc=", "status=", "code=", "ret=", "EXIT", "RC=", "[ $?", "test $?")  # at how it ended


def find(world: World) -> Iterator[Finding]:
    """Every migration in a script that goes on, or ends well, when it fails."""
    for migration in world.migrations:
        if migration.number < 0 or not (how := _hidden(migration)):
            continue
        field = "args" if migration.container.root.get("args") else "command"
        yield at(RULE, migration.container, field, message=f"when {migration.command!r} fails {how}")


def _hidden(migration: Migration) -> str:
    commands, number = migration.script.commands, migration.number
    if commands[number].keyword:
        return ""
    last = number  # of those that only run when it went well
    while commands[last].after == "&&" and last + 1 < len(commands):
        last += 1
    following = commands[last + 1] if last + 1 < len(commands) else None
    if following is None:
        return ""
    behind = commands[last + 1 :]
    if commands[last].after == "||" and following.text.startswith(_HARMLESS):
        told = following.keyword in ("(", "{") and any(map(_fails, behind))  # || { echo failed; exit 1; }
        return "" if told else f"{following.text!r} makes a success of it"
    if last == number and commands[last].after in ("|", "|&", "&"):
        return _left(migration, behind)
    stops = migration.script.stops and last == number  # set -e does not mind what fails in front of &&
    goes_on = commands[last].after == "" and not stops and not following.text.startswith(_LOOKS)
    return f"{following.text!r} runs all the same" if goes_on else ""


def _left(migration: Migration, behind: Sequence[Command]) -> str:
    if migration.script.commands[migration.number].after == "&":
        return "nobody waits for it: it runs in the background"
    if migration.script.pipefail or any("PIPESTATUS" in one.text for one in behind):
        return ""
    return f"the exit status is that of {behind[0].words[0]!r}, behind the pipe"


def _fails(command: Command) -> bool:
    return command.words[0] == "false" or (command.words[0] in ("exit", "return") and command.words[1:2] != ("0",))
