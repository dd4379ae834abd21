"""A migration whose failure is not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check.model import Rule, at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockmaster.manifests.check.migrating import Migration
    from lockmaster.manifests.check.model import Finding, World

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
    after = commands[last].after
    if after == "||" and following.text.startswith(_HARMLESS):
        return f"{following.text!r} makes a success of it"
    if last == number and after in ("|", "|&") and not migration.script.pipefail:
        return f"the exit status is that of {following.words[0]!r}, behind the pipe"
    if last == number and after == "&":
        return "nobody waits for it: it runs in the background"
    stops = migration.script.stops and last == number  # set -e does not mind what fails in front of &&
    goes_on = after == "" and not stops and not following.text.startswith(_LOOKS)
    return f"{following.text!r} runs all the same" if goes_on else ""
