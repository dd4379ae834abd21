"""A migration in the command that starts the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockmaster.manifests.check import shell
from lockmaster.manifests.check.bare import bare
from lockmaster.manifests.check.model import Rule, at
from lockmaster.manifests.check.tools import tool_of
from lockmaster.manifests.objects import dig, listed, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from lockmaster.manifests.check.model import Finding, World

RULE = Rule(
    id="migrate-and-start",
    severity="warning",
    title="the application's own command migrates",
    effect="every restart of the application migrates again, beside its probes and with its credentials: a probe may kill "
    "it half-way, and the application needs the right to change the schema",
    help="move it to an init container or a Job: lockmaster kube inject; the application's container then only starts",
)


def find(world: World) -> Iterator[Finding]:
    """Every migration in a container that is to go on."""
    for migration in world.migrations:
        if migration.role == "app":
            field = "args" if migration.container.root.get("args") else "command"
            message = f"{migration.command!r} runs at each start of container {migration.container.name}"
            yield at(RULE, migration.container, field, message=message)
    for workload in world.workloads:
        for container in workload.containers():
            path = ("lifecycle", "postStart", "exec", "command")
            if tool := _behind(dig(container.root, path)):
                message = f"{tool} migrates after container {container.name} has started, and nobody waits for it"
                yield at(RULE, container, *path, message=message)


def _behind(command: Any) -> str:
    """The tool that a hook of the kubelet migrates with; empty for none."""
    for one in shell.read([text(word) for word in listed(command)]).commands:
        if tool := tool_of(bare(one.words).text):
            return tool.name
    return ""
